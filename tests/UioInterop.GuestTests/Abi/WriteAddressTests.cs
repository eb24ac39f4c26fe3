using System.Buffers.Binary;
using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>Addresses that the kernel writes into registers, and what it refuses.</summary>
[Category(Needs.Edu), Category(Needs.Handles)]
internal sealed class WriteAddressTests : AbiTest
{
    private static readonly RawWriteAddress s_right = new() { Length = 4096, Register = 0x80, Format = RawHandles.Address64 };

    public static IEnumerable<TestCaseData> Wrong => new (string Name, int Errno, RawWriteAddress Write)[]
    {
        ("no format", LibCErrno.EINVAL, s_right with { Format = 0 }),
        ("format 4", LibCErrno.EINVAL, s_right with { Format = 4 }),
        ("reserved not zero", LibCErrno.EINVAL, s_right with { Reserved = 1 }),
        ("an order of halves without halves", LibCErrno.EINVAL, s_right with { Flags = 2 }),
        ("a second register without halves", LibCErrno.EINVAL, s_right with { HighRegister = 0x84 }),
        ("no length", LibCErrno.EINVAL, s_right with { Length = 0 }),
        ("longer than the buffer", LibCErrno.EINVAL, s_right with { Length = 4097 }),
        ("behind the buffer", LibCErrno.EINVAL, s_right with { Offset = 4096, Length = 1 }),
        ("beyond all numbers", LibCErrno.EINVAL, s_right with { Offset = ulong.MaxValue, Length = 2 }),
        ("unaligned", LibCErrno.EINVAL, s_right with { Register = 0x84 }),
        ("behind the registers", LibCErrno.EINVAL, s_right with { Register = 1 << 20 }),
        ("a register at the end of all numbers", LibCErrno.EINVAL, s_right with { Register = ulong.MaxValue - 7 }),
        ("a map that is not there", LibCErrno.EINVAL, s_right with { Map = 4 }),
        ("a map that nobody has", LibCErrno.EINVAL, s_right with { Map = uint.MaxValue }),
        ("an upper half behind the registers", LibCErrno.EINVAL, s_right with { Format = RawHandles.AddressPair, HighRegister = 1 << 20 }),
    }.Select(wrong => new TestCaseData(wrong.Errno, wrong.Write).SetName($"Refused address: {wrong.Name}"));

    [TestCaseSource(nameof(Wrong))]
    public void Is_refused(int errno, object write)
    {
        using var buffer = Buffer();
        var handle = RawHandles.Attached(Uio, buffer);

        Assert.That(RawHandles.WriteAddress(Uio, (RawWriteAddress)write with { Handle = handle }), Is.EqualTo(-errno));
        Assert.That(RawHandles.WriteAddress(Uio, s_right with { Handle = handle }), Is.Zero, "and what is right is taken");
    }

    [Test]
    public void Big_endian_registers_get_it_the_other_way_round()
    {
        using var buffer = Buffer();
        using var device = UnderTest.OpenShared();
        var handle = RawHandles.Attached(Uio, buffer);
        Assert.That(RawHandles.WriteAddress(Uio, s_right with { Handle = handle }), Is.Zero);
        var address = device.Registers.Read64(0x80);

        Assert.That(RawHandles.WriteAddress(Uio, s_right with { Handle = handle, Flags = RawWriteAddress.BigEndian }), Is.Zero);

        Assert.That(device.Registers.Read64(0x80), Is.EqualTo(BinaryPrimitives.ReverseEndianness(address)).And.Not.EqualTo(address));
    }

    // What is written last is what remains.
    [TestCase(0u, 0)]
    [TestCase(RawWriteAddress.HighFirst, 1)]
    public void The_halves_of_a_pair_are_written_in_the_order_that_is_asked_for(uint flags, int last)
    {
        using var buffer = Buffer();
        using var device = UnderTest.OpenShared();
        var pair = s_right with { Handle = RawHandles.Attached(Uio, buffer), Format = RawHandles.AddressPair,
            HighRegister = s_right.Register, Flags = flags };
        var address = RawHandles.AllRanges(Uio, pair.Handle).Single().Address;
        device.Registers.Write64(0x80, 1);

        Assert.That(RawHandles.WriteAddress(Uio, pair), Is.Zero);

        ulong[] halves = [address >> 32, address & uint.MaxValue];
        Assert.That(device.Registers.Read64(0x80), Is.EqualTo(halves[last]).And.Not.EqualTo(halves[1 - last]));
    }

    [Test]
    public void The_end_of_a_mapping_leaves_the_register_as_it_is()
    {
        using var buffer = Buffer();
        using var device = UnderTest.OpenShared();
        var handle = RawHandles.Attached(Uio, buffer);
        var address = RawHandles.AllRanges(Uio, handle).Single().Address;
        Assert.That(RawHandles.WriteAddress(Uio, s_right with { Handle = handle }), Is.Zero);

        Assert.That(RawHandles.Detach(Uio, handle), Is.Zero);

        Assert.That(device.Registers.Read64(0x80), Is.EqualTo(address).And.Not.Zero);
    }

    // This machine's IOMMU gives out addresses from the top of what the mask allows, unless it has one of that size left over
    // from before: those it keeps up to 128 KiB.
    [Test, Category(Needs.Pc), Category(Needs.Iommu)]
    public void An_address_of_more_than_32_bits_takes_64_or_a_pair()
    {
        using var mask = ImportAttribute.UnderTest("dma_mask_bits").Set("39");
        using var file = RawUio.Open(UnderTest.DevicePath);
        using var device = UnderTest.OpenShared();
        using var buffer = Buffer(1 << 20);
        var registers = device.Registers;
        var right = s_right with { Handle = RawHandles.Attached(file, buffer) };
        var address = RawHandles.AllRanges(file, right.Handle).Single().Address;
        Assert.That(address, Is.GreaterThan(uint.MaxValue));

        registers.Write64(0x80, 1);
        Assert.That(RawHandles.WriteAddress(file, right with { Format = RawHandles.Address32 }), Is.EqualTo(-LibCErrno.ERANGE));
        Assert.That(registers.Read64(0x80), Is.EqualTo(1), "not touched");

        Assert.That(RawHandles.WriteAddress(file, right), Is.Zero);
        Assert.That(registers.Read64(0x80), Is.EqualTo(address));

        foreach (var flags in (uint[])[0, RawWriteAddress.HighFirst])
        {
            registers.Write64(0x80, 0);
            registers.Write64(0x88, 0);
            Assert.That(RawHandles.WriteAddress(file, right with { Format = RawHandles.AddressPair, HighRegister = 0x88, Flags = flags }),
                Is.Zero);
            Assert.That((registers.Read64(0x80), registers.Read64(0x88)), Is.EqualTo((address & uint.MaxValue, address >> 32)));
        }
    }

    [Test]
    public void Handles_are_the_files_own_and_end_with_the_mapping()
    {
        using var buffer = Buffer();
        using var other = RawUio.Open(UnderTest.DevicePath);
        var handle = RawHandles.Attached(Uio, buffer);

        Assert.That(RawHandles.WriteAddress(other, s_right with { Handle = handle }), Is.EqualTo(-LibC.ENOENT));
        Assert.That(RawHandles.Detach(Uio, handle), Is.Zero);
        Assert.That(RawHandles.WriteAddress(Uio, s_right with { Handle = handle }), Is.EqualTo(-LibC.ENOENT));
    }

    [Test]
    public void A_file_for_reading_only_writes_nothing()
    {
        using var buffer = Buffer();
        using var readOnly = RawUio.Open(UnderTest.DevicePath, writable: false);
        var handle = RawHandles.Attached(readOnly, buffer);

        Assert.That(RawHandles.WriteAddress(readOnly, s_right with { Handle = handle }), Is.EqualTo(-LibC.EACCES));
    }

    [Test]
    public void After_unbinding_it_is_ENODEV()
    {
        using var buffer = Buffer();
        var handle = RawHandles.Attached(Uio, buffer);
        UnderTest.Unbind();

        Assert.That(RawHandles.WriteAddress(Uio, s_right with { Handle = handle }), Is.EqualTo(-LibC.ENODEV));
    }
}
