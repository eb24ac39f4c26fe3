using static System.Buffers.Binary.BinaryPrimitives;

namespace UioInterop.GuestTests.Devices.SelfWriters;

/// <summary>
/// A gigabit Ethernet controller (GEM) of Xilinx's boards: it puts the frames that come into the buffers that it was given.
/// Zynq UltraScale+ Device Technical Reference Manual (UG1085), chapter "GEM Ethernet", and Register Reference (UG1087),
/// module GEM.
/// </summary>
internal sealed class CadenceGem(string name) : SelfWriter(Open(name))
{
    private static readonly Register<uint> NetworkControl = new(0x000, "network_control");
    private static readonly Register<uint> NetworkConfiguration = new(0x004, "network_config");
    private static readonly Register<uint> DmaConfiguration = new(0x010, "dma_config");
    private static readonly Register<uint> ReceiveQueue = new(0x018, "receive_q_ptr");
    private static readonly Register<uint> ReceiveQueue1 = new(0x480, "receive_q1_ptr");

    private const uint EnableReceive = 1 << 2;
    private const uint CopyAllFrames = 1 << 4;

    /// <summary>dma_config: receive buffers in units of 64 bytes, from bit 16 on.</summary>
    private const uint BuffersOfOneSlot = SlotLength / 64 << 16;

    private const int DescriptorLength = 8;
    private const uint ReceiveUsed = 1 << 0, ReceiveWrap = 1 << 1;

    // The second queue, which is always there, with nothing to do.
    private const int IdleQueue = Slots * DescriptorLength;

    // The last access is a read: a write may still be on its way when the kernel goes on.
    protected override QuiesceProgram StopProgram => new QuiesceProgram()
        .Modify(Registers, NetworkControl, EnableReceive, 0u)
        .Poll(Registers, NetworkControl, EnableReceive, 0u, TimeSpan.FromMilliseconds(100));

    public override void Stop() => Registers.Write(NetworkControl, 0);

    protected override void WriteRing(Span<byte> ring, DeviceAddress ringAddress, DeviceAddress slots)
    {
        for (var i = 0; i < Slots; i++)
            WriteUInt32LittleEndian(
                ring[(i * DescriptorLength)..], (uint)slots.Value + (uint)(i * SlotLength) | (i == Slots - 1 ? ReceiveWrap : 0));
        WriteUInt32LittleEndian(ring[IdleQueue..], ReceiveUsed | ReceiveWrap);
    }

    protected override void SetUp(DeviceAddress ringAddress)
    {
        Stop();
        Registers.Write(NetworkConfiguration, CopyAllFrames);
        Registers.Write(DmaConfiguration, BuffersOfOneSlot);
        Registers.Write(ReceiveQueue1, (uint)ringAddress.Value + IdleQueue);
        Registers.Write(ReceiveQueue, (uint)ringAddress.Value);
    }

    protected override void Run() => Registers.Write(NetworkControl, EnableReceive);

    protected override int CountFilled(ReadOnlySpan<byte> ring)
    {
        var count = 0;
        for (var i = 0; i < Slots; i++)
            count += (int)(ReadUInt32LittleEndian(ring[(i * DescriptorLength)..]) & ReceiveUsed);
        return count;
    }
}
