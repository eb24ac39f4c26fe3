using System.Buffers.Binary;

namespace UioInterop.GuestTests.Support;

/// <summary>
/// A ZDMA channel made to misbehave through its registers. QEMU's has finished a copy before the register write that starts
/// it returns, and reports no error of the bus.
/// </summary>
internal sealed class ZdmaByHand(UioDevice device)
{
    // Zynq UltraScale+ Devices Register Reference (UG1087), module ZDMA.
    private static readonly Register<uint> s_nothing = new(0x00c, "none"); // reading it is an error, INV_APB
    private static readonly Register<uint> s_interruptStatus = new(0x100, "ZDMA_CH_ISR");
    private static readonly Register<uint> s_interruptMask = new(0x104, "ZDMA_CH_IMR"); // a one is disabled
    private static readonly Register<uint> s_interruptDisable = new(0x10c, "ZDMA_CH_IDS");
    private static readonly Register<uint> s_control0 = new(0x110, "ZDMA_CH_CTRL0");
    private static readonly Register<uint> s_sourceList = new(0x158, "ZDMA_CH_SRC_START_LSB");
    private static readonly Register<uint> s_destinationList = new(0x160, "ZDMA_CH_DST_START_LSB");
    private static readonly Register<uint> s_control2 = new(0x200, "ZDMA_CH_CTRL2");

    private const uint Done = 1 << 10;
    private const uint AllInterrupts = 0xfff;
    private const uint Continue = 1 << 1;
    private const uint ScatterGather = 1 << 6;
    private const uint Enable = 1;
    private const uint Pause = 1 << 3;

    private readonly Registers _registers = device.Registers;

    /// <summary>The end of a copy interrupts no more, errors do. Until the channel is stopped.</summary>
    public void KeepDoneQuiet() => _registers.Write(s_interruptDisable, Done);

    /// <summary>All of them, as the kernel leaves it behind.</summary>
    public bool InterruptsAreDisabled => _registers.Read(s_interruptMask) == AllInterrupts;

    /// <summary>An error, whatever the channel does.</summary>
    public void ProvokeError() => _registers.Read(s_nothing);

    /// <summary>Has a descriptor of four bytes tell the channel to pause.</summary>
    public void PauseIt()
    {
        using var list = DmaHeap.Cma.Allocate(4096);
        using (var cpu = list.BeginAccess(CpuAccessMode.Write))
            BinaryPrimitives.WriteUInt32LittleEndian(cpu.Span[12..], Pause);
        using var mapping = device.Import(list, DmaDirection.Bidirectional);
        using (var cpu = list.BeginAccess(CpuAccessMode.Write))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(cpu.Span, (mapping.Address + 64).Value);
            BinaryPrimitives.WriteUInt32LittleEndian(cpu.Span[8..], 4);
            BinaryPrimitives.WriteUInt64LittleEndian(cpu.Span[16..], (mapping.Address + 128).Value);
            BinaryPrimitives.WriteUInt32LittleEndian(cpu.Span[24..], 4);
        }
        _registers.Write(s_interruptDisable, AllInterrupts);
        _registers.Write(s_control0, ScatterGather);
        _registers.Write(s_sourceList, (uint)mapping.Address.Value);
        _registers.Write(s_destinationList, (uint)(mapping.Address + 16).Value);
        _registers.Write(s_control2, Enable);
    }

    /// <summary>
    /// Makes a channel that stays busy of one that pauses: QEMU's then says 2, "busy", in ZDMA_CH_STATUS, where the manual
    /// has 1, and what else tells of the pause is cleared here.
    /// </summary>
    public void HangIt()
    {
        PauseIt();
        _registers.Write(s_interruptStatus, AllInterrupts);
    }

    /// <summary>Ends a pause.</summary>
    public void FreeIt()
    {
        _registers.Write(s_control2, 0);
        _registers.Write(s_control0, Continue);
    }
}
