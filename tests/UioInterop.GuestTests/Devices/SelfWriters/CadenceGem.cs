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
    private static readonly Register<uint> TransmitStatus = new(0x014, "transmit_status");
    private static readonly Register<uint> ReceiveQueue = new(0x018, "receive_q_ptr");
    private static readonly Register<uint> TransmitQueue = new(0x01c, "transmit_q_ptr");
    private static readonly Register<uint> TransmitQueue1 = new(0x440, "transmit_q1_ptr");
    private static readonly Register<uint> ReceiveQueue1 = new(0x480, "receive_q1_ptr");

    private const uint EnableReceive = 1 << 2, EnableTransmit = 1 << 3, StartTransmit = 1 << 9;
    private const uint CopyAllFrames = 1 << 4;
    private const uint TransmitComplete = 1 << 5;

    /// <summary>dma_config: receive buffers in units of 64 bytes, from bit 16 on.</summary>
    private const uint BuffersOfOneSlot = SlotLength / 64 << 16;

    private const int DescriptorLength = 8;
    private const uint ReceiveUsed = 1 << 0, ReceiveWrap = 1 << 1;
    private const uint TransmitUsed = 1u << 31, TransmitLast = 1 << 15;

    // The second queue of each direction, which is always there, with nothing to do. Then what is sent.
    private const int IdleReceive = Slots * DescriptorLength;
    private const int IdleTransmit = IdleReceive + DescriptorLength;
    private const int Transmit = IdleTransmit + DescriptorLength;
    private const int Frame = Transmit + 2 * DescriptorLength;
    private const int FrameLength = 60;

    // The last access is a read: a write may still be on its way when the kernel goes on.
    protected override QuiesceProgram StopProgram => new QuiesceProgram()
        .Modify(Registers, NetworkControl, EnableReceive | EnableTransmit, 0u)
        .Poll(Registers, NetworkControl, EnableReceive | EnableTransmit, 0u, TimeSpan.FromMilliseconds(100));

    public override void Stop() => Registers.Write(NetworkControl, 0);

    /// <summary>Sends a frame to everybody on the wire, and waits until it is sent.</summary>
    public void Send(DmaBuf ring, DeviceAddress ringAddress)
    {
        Stop();
        using (var cpu = ring.BeginAccess(CpuAccessMode.Write))
        {
            cpu.Span.Clear();
            WriteIdleQueues(cpu.Span);
            WriteUInt32LittleEndian(cpu.Span[Transmit..], (uint)ringAddress.Value + Frame);
            WriteUInt32LittleEndian(cpu.Span[(Transmit + 4)..], TransmitLast | FrameLength);
            WriteUInt32LittleEndian(cpu.Span[(Transmit + DescriptorLength + 4)..], TransmitUsed);
            cpu.Span.Slice(Frame, FrameLength).Fill(0xff);
        }
        Configure(ringAddress);
        Registers.Write(TransmitQueue, (uint)ringAddress.Value + Transmit);
        Registers.Write(TransmitStatus, uint.MaxValue);
        Registers.Write(NetworkControl, EnableTransmit);
        Registers.Write(NetworkControl, EnableTransmit | StartTransmit);
        Assert.That(Registers.WaitFor(TransmitStatus, TransmitComplete, TransmitComplete, TimeSpan.FromSeconds(5)), Is.True, "not sent");
    }

    protected override void WriteRing(Span<byte> ring, DeviceAddress ringAddress, DeviceAddress slots)
    {
        for (var i = 0; i < Slots; i++)
            WriteUInt32LittleEndian(
                ring[(i * DescriptorLength)..], (uint)slots.Value + (uint)(i * SlotLength) | (i == Slots - 1 ? ReceiveWrap : 0));
        WriteIdleQueues(ring);
    }

    protected override void SetUp(DeviceAddress ringAddress)
    {
        Stop();
        Configure(ringAddress);
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

    private static void WriteIdleQueues(Span<byte> ring)
    {
        WriteUInt32LittleEndian(ring[IdleReceive..], ReceiveUsed | ReceiveWrap);
        WriteUInt32LittleEndian(ring[(IdleTransmit + 4)..], TransmitUsed);
    }

    private void Configure(DeviceAddress ringAddress)
    {
        Registers.Write(NetworkConfiguration, CopyAllFrames);
        Registers.Write(DmaConfiguration, BuffersOfOneSlot);
        Registers.Write(ReceiveQueue1, (uint)ringAddress.Value + IdleReceive);
        Registers.Write(TransmitQueue1, (uint)ringAddress.Value + IdleTransmit);
    }
}
