using System.Buffers.Binary;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>How a quiesce program accesses registers: in each width that a device here takes, in both byte orders.</summary>
[Category(Needs.Import), Category(Needs.Handles)]
internal sealed class QuiesceAccessTests
{
    private const ulong Pattern = 0x1122334455667788;

    // Its source address answers accesses of 32 and 64 bits.
    [Test, Category(Needs.Edu)]
    public void A_register_of_edu([Values(32, 64)] int width, [Values] bool isBigEndian)
    {
        UnderTest.Bind();
        AssertStores(0x80, width, isBigEndian);
    }

    // The first word of the source descriptor (UG1087, LPD_DMA). Accesses of other widths are errors of the bus.
    [Test, Category(Needs.Zdma)]
    public void A_register_of_a_ZDMA_channel([Values] bool isBigEndian)
    {
        UnderTest.Bind();
        AssertStores(0x128, 32, isBigEndian);
    }

    // docs/specs/fw_cfg.rst in QEMU: a number in the selector, of 16 bits and big endian, chooses bytes, which the data
    // register gives one after another, however many at once. Number 0 is "QEMU", number 1 begins with 3.
    [Test, Category(Needs.DeviceTree), Category(Needs.Edu)]
    public void The_firmware_configuration_of_QEMUs_ARM_machine()
    {
        var device = SysDevice.Unclaimed;
        device.Bind("uio_pdrv_genirq");
        try
        {
            Run(
                device.Name,
                Select(1), Poll(8, 3),
                Select(0), Poll(8, 'Q'), Poll(8, 'E'), Poll(16, 'U' << 8 | 'M'),
                Select(0), Poll(16, 'Q' << 8 | 'E', RawQuiesceOp.BigEndian), Poll(16, 'M' << 8 | 'U', RawQuiesceOp.BigEndian),
                Select(0), Poll(32, 0x554d4551),
                Select(0), Poll(32, 0x51454d55, RawQuiesceOp.BigEndian));
        }
        finally
        {
            device.Free();
        }

        static RawQuiesceOp Select(ulong number) =>
            new() { Kind = RawQuiesceOp.Write, Width = 16, Register = 8, Value = number, Flags = RawQuiesceOp.BigEndian };

        static RawQuiesceOp Poll(int width, ulong value, uint flags = 0) =>
            new() { Kind = RawQuiesceOp.Poll, Width = (uint)width, Mask = All(width), Value = value, Flags = flags };
    }

    /// <summary>Writes, modifies and polls a register that keeps what it is given.</summary>
    private static void AssertStores(int offset, int width, bool isBigEndian)
    {
        var op = new RawQuiesceOp { Width = (uint)width, Register = (ulong)offset, Flags = isBigEndian ? RawQuiesceOp.BigEndian : 0 };
        var pattern = Pattern & All(width);
        var modified = (pattern & ~0xf0ul) | 0x90;

        Run(
            UnderTest.Name,
            op with { Kind = RawQuiesceOp.Write, Value = pattern },
            op with { Kind = RawQuiesceOp.Modify, Mask = 0xf0, Value = 0x90 },
            op with { Kind = RawQuiesceOp.Poll, Mask = All(width), Value = modified });

        using var device = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name));
        var value = width == 64 ? device.Registers.Read64(offset) : device.Registers.Read32(offset);
        Assert.That(value, Is.EqualTo(isBigEndian ? BinaryPrimitives.ReverseEndianness(modified) >> 64 - width : modified));
    }

    /// <summary>Has the kernel run a program to its end.</summary>
    private static void Run(string name, params ReadOnlySpan<RawQuiesceOp> program)
    {
        var path = UioDevice.List().Single(device => device.ParentName == name).DevicePath;
        using var heapBuffer = DmaHeap.Cma.Allocate(4096);
        using var buffer = heapBuffer.DuplicateHandle();
        using (var file = RawUio.Open(path))
        {
            Assert.That(RawHandles.SetQuiesce(file, program), Is.Zero);
            RawHandles.Attached(file, buffer);
        }

        Assert.That(new ImportAttribute(path, "quarantined").Value, Is.Zero, "a poll was in vain");
    }

    private static ulong All(int width) => ulong.MaxValue >> 64 - width;
}
