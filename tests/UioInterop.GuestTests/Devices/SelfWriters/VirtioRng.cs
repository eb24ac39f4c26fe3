using UioInterop.GuestTests.Support;
using static System.Buffers.Binary.BinaryPrimitives;

namespace UioInterop.GuestTests.Devices.SelfWriters;

/// <summary>
/// A virtio entropy device on the MMIO transport: it fills the buffers that it was given with random bytes, as fast as
/// the host lets it. Virtual I/O Device (VIRTIO) 1.2: 2.7 Split Virtqueues, 4.2 Virtio Over MMIO, 5.4 Entropy Device.
/// </summary>
internal sealed class VirtioRng(string name) : SelfWriter(Open(name))
{
    private static readonly Register<uint> DeviceId = new(0x008, "DeviceID");
    private static readonly Register<uint> DriverFeatures = new(0x020, "DriverFeatures");
    private static readonly Register<uint> DriverFeaturesSelector = new(0x024, "DriverFeaturesSel");
    private static readonly Register<uint> QueueSize = new(0x038, "QueueNum");
    private static readonly Register<uint> QueueReady = new(0x044, "QueueReady");
    private static readonly Register<uint> QueueNotify = new(0x050, "QueueNotify");
    private static readonly Register<uint> Status = new(0x070, "Status");
    private static readonly Register<uint> QueueDescriptors = new(0x080, "QueueDescLow");
    private static readonly Register<uint> QueueAvailable = new(0x090, "QueueDriverLow");
    private static readonly Register<uint> QueueUsed = new(0x0a0, "QueueDeviceLow");

    private const uint Entropy = 4;
    private const uint Acknowledge = 1, Driver = 2, DriverOk = 4, FeaturesOk = 8;

    /// <summary>VIRTIO_F_VERSION_1, in the upper half of the features.</summary>
    private const uint Version1 = 1;

    /// <summary>VIRTQ_DESC_F_WRITE: the device writes.</summary>
    private const ushort DeviceWrites = 2;

    private const int DescriptorLength = 16;
    private const int Available = Slots * DescriptorLength;
    private const int Used = 0x600;

    protected override QuiesceProgram StopProgram =>
        new QuiesceProgram().Write(Registers, Status, 0u).Poll(Registers, Status, 0xffu, 0u, TimeSpan.FromMilliseconds(100));

    public override void Stop()
    {
        Registers.Write(Status, 0);
        Assert.That(Registers.WaitFor(Status, uint.MaxValue, 0, Bound.Long), Is.True, "a reset takes no time");
    }

    protected override void WriteRing(Span<byte> ring, DeviceAddress ringAddress, DeviceAddress slots)
    {
        for (var i = 0; i < Slots; i++)
        {
            var descriptor = ring.Slice(i * DescriptorLength, DescriptorLength);
            WriteUInt64LittleEndian(descriptor, slots.Value + (ulong)(i * SlotLength));
            WriteUInt32LittleEndian(descriptor[8..], SlotLength);
            WriteUInt16LittleEndian(descriptor[12..], DeviceWrites);
            WriteUInt16LittleEndian(ring[(Available + 4 + 2 * i)..], (ushort)i);
        }
    }

    protected override void SetUp(DeviceAddress ringAddress)
    {
        Assert.That(Registers.Read(DeviceId), Is.EqualTo(Entropy));
        Stop();
        Registers.Write(Status, Acknowledge);
        Registers.Write(Status, Acknowledge | Driver);
        Registers.Write(DriverFeaturesSelector, 1);
        Registers.Write(DriverFeatures, Version1);
        Registers.Write(Status, Acknowledge | Driver | FeaturesOk);
        Registers.Write(QueueSize, Slots);
        WriteAddress(QueueDescriptors, ringAddress.Value);
        WriteAddress(QueueAvailable, ringAddress.Value + Available);
        WriteAddress(QueueUsed, ringAddress.Value + Used);
        Registers.Write(QueueReady, 1);
        Registers.Write(Status, Acknowledge | Driver | FeaturesOk | DriverOk);
    }

    // Not before, and then once: QEMU 7.2 looks into the queue with DriverOk as well, and forgets its limit when it does so
    // twice in a row.
    protected override void PostSlots(Span<byte> ring) => WriteUInt16LittleEndian(ring[(Available + 2)..], Slots);

    protected override void Run() => Registers.Write(QueueNotify, 0);

    protected override int CountFilled(ReadOnlySpan<byte> ring) => ReadUInt16LittleEndian(ring[(Used + 2)..]);

    private void WriteAddress(Register<uint> low, ulong address)
    {
        Registers.Write(low, (uint)address);
        Registers.Write(low with { Offset = low.Offset + sizeof(uint) }, (uint)(address >> 32));
    }
}
