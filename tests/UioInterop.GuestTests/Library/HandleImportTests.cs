using System.Reflection;
using UioInterop.Devices;
using UioInterop.GuestTests.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

/// <summary>What the library makes of the import by handle: features, ranges, and addresses that the kernel writes.</summary>
[Category(Needs.Handles)]
internal sealed class HandleImportTests : EduTest
{
    private const int PageLength = 4096;
    private static readonly Register<ulong> s_source = new(0x80, "DMA source address");

    [Test]
    public void Features_are_those_of_the_kernel()
    {
        using var file = RawUio.Open(UnderTest.DevicePath);
        Assert.That(RawHandles.Query(file, out var query), Is.Zero);

        var features = Edu.Device.Features;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((features.AttachesByHandle, features.ExposesAddresses, features.WritesAddresses, features.RunsQuiescePrograms),
                Is.EqualTo((true, true, true, true)));
            Assert.That((uint)features.Translation, Is.EqualTo(query.Translation));
            Assert.That(features.AddressBits, Is.EqualTo(32));
            Assert.That((features.MaxMappings, features.MaxBytes), Is.EqualTo(((long)query.MaxMappings, (long)query.MaxBytes)));
            Assert.That((features.MaxQuiesceOperations, features.MaxQuiesceTime), Is.EqualTo((16, TimeSpan.FromSeconds(1))));
        }
    }

    [Test, Category(Needs.Iommu)]
    public void Behind_an_IOMMU_a_buffer_in_pieces_is_one_range()
    {
        using var pieces = DmaBuf.AllocateFromMemfd(4 << 20);
        using var mapping = Edu.Device.Import(pieces, DmaDirection.ToDevice);

        Assert.That(mapping.RangeCount, Is.EqualTo(1));
        Assert.That(mapping.TryGetAddress(out var address), Is.True);
        Assert.That(mapping.Ranges, Is.EqualTo([new DmaRange(address, 0, 4 << 20)]));
    }

    [Test, Category(Needs.Direct), Category(Needs.Udmabuf)]
    public void Without_an_IOMMU_a_buffer_in_pieces_has_ranges_and_the_device_finds_it_there()
    {
        const int length = 4 << 20;
        using var pieces = DmaBuf.AllocateFromMemfd(length);
        var pattern = Buffers.Pattern(length, seed: 5);
        Buffers.Fill(pieces, pattern);
        using var mapping = Edu.Device.Import(pieces, DmaDirection.ToDevice);
        using var destination = DmaHeap.Cma.Allocate(PageLength);
        using var back = Edu.Device.Import(destination, DmaDirection.FromDevice);

        Assert.That(mapping.RangeCount, Is.GreaterThan(1), "nothing is tested by a buffer in one piece");
        Assert.That(mapping.Ranges, Has.Count.EqualTo(mapping.RangeCount));
        Assert.That(mapping.Ranges.Sum(range => range.Length), Is.EqualTo(length));
        Assert.That(mapping.TryGetAddress(out _), Is.False);
        Assert.That(() => mapping.Address, Throws.InvalidOperationException.With.Message.Contains("DmaHeap.Cma"));
        Assert.That(() => mapping.AddressOf(0, length), Throws.InvalidOperationException);
        foreach (var range in mapping.Ranges.Where((_, index) => index % 61 == 0).Append(mapping.Ranges[^1]))
        {
            var end = range.Offset + range.Length;
            Assert.That(mapping.AddressOf(end - 1, 1), Is.EqualTo(range.Address + (range.Length - 1)));
            foreach (var offset in (long[])[range.Offset, end - Length])
            {
                Edu.CopyToDevice(mapping, offset, Length, Timeout);
                Edu.CopyFromDevice(back, 0, Length, Timeout);
                Assert.That(Buffers.Read(destination, Length), Is.EqualTo(pattern.AsSpan((int)offset, Length).ToArray()), $"at {offset}");
            }
        }
    }

    [Test, Category(Needs.Direct)]
    public void A_lease_goes_from_piece_to_piece()
    {
        using var pieces = DmaBuf.AllocateFromMemfd(4 << 20);
        using var mapping = Edu.Device.Import(pieces, DmaDirection.ToDevice);
        var first = mapping.Ranges[0];
        using var lease = mapping.BeginTransfer(first.Length - 16, 48);

        Assert.That(lease.IsContiguous, Is.False);
        Assert.That(lease.PieceAt(0), Is.EqualTo(new DmaRange(first.Address + (first.Length - 16), first.Length - 16, 16)));
        Assert.That(lease.PieceAt(16), Is.EqualTo(new DmaRange(mapping.Ranges[1].Address, first.Length, 32)));
        Assert.That(() => lease.Address, Throws.InvalidOperationException);
        Assert.That(() => lease.PieceAt(48), Throws.InstanceOf<ArgumentOutOfRangeException>());
        var error = Assert.Throws<UioException>(() => Edu.Device.Registers.WriteAddress(s_source, lease))!;
        Assert.That((error.Call, error.ErrnoName), Is.EqualTo(("UIO_IOC_DMABUF_WRITE_ADDRESS", "E2BIG")));
        Edu.Device.Registers.WriteAddress(s_source, lease, 16);
        Assert.That(Edu.Device.Registers.Read(s_source), Is.EqualTo(mapping.Ranges[1].Address.Value));
        lease.Complete();
    }

    [Test]
    public void The_kernel_writes_an_address_into_a_register()
    {
        using var buffer = DmaHeap.Cma.Allocate(2 * PageLength);
        using var mapping = Edu.Device.Import(buffer, DmaDirection.ToDevice);
        using var lease = mapping.BeginTransfer(PageLength, PageLength);
        var registers = Edu.Device.Registers;

        registers.WriteAddress(s_source, lease);
        Assert.That(registers.Read(s_source), Is.EqualTo((mapping.Address + PageLength).Value));
        registers.WriteAddress(s_source, lease, 100);
        Assert.That(registers.Read(s_source), Is.EqualTo((mapping.Address + PageLength + 100).Value));
        registers.WriteAddress(new Register<uint>(0x80, "its lower half"), lease);
        Assert.That(registers.Read(s_source), Is.EqualTo((mapping.Address + PageLength).Value));
        lease.Complete();
    }

    // What is written last is what remains.
    [TestCase(false)]
    [TestCase(true)]
    public void The_halves_of_an_address_are_written_in_the_order_that_is_asked_for(bool highFirst)
    {
        using var buffer = DmaHeap.Cma.Allocate(PageLength);
        using var mapping = Edu.Device.Import(buffer, DmaDirection.ToDevice);
        using var lease = mapping.BeginTransfer(0, PageLength);
        var both = new Register<uint>(0x80, "both halves");
        Edu.Device.Registers.Write(s_source, 1);

        Edu.Device.Registers.WriteAddress(both, both, lease, highFirst: highFirst);

        var (high, low) = (mapping.Address.Value >> 32, mapping.Address.Value & uint.MaxValue);
        Assert.That(Edu.Device.Registers.Read(s_source), Is.EqualTo(highFirst ? low : high).And.Not.EqualTo(highFirst ? high : low));
        lease.Complete();
    }

    [Test, Category(Needs.Direct)]
    public void More_ranges_than_the_kernel_tells_at_once_are_all_there()
    {
        using var scattered = ListedBuffer.Scattered(600);
        DmaRange[] ranges;
        using (var mapping = Edu.Device.Import(scattered, DmaDirection.ToDevice))
            ranges = [.. mapping.Ranges];
        using var file = Descriptors.DuplicateOf(UnderTest.DevicePath); // the device is this file's
        using var handle = scattered.DuplicateHandle();

        var one = RawHandles.AllRanges(file, RawHandles.Attached(file, handle), atATime: 1);

        Assert.That(ranges.Select(range => new RawRange(range.Address.Value, (ulong)range.Length)), Is.EqualTo(one));
        Assert.That(one, Has.Count.GreaterThan(2 * 256));
    }

    [Test]
    public void An_address_is_only_written_to_a_register()
    {
        using var buffer = DmaHeap.Cma.Allocate(PageLength);
        using var mapping = Edu.Device.Import(buffer, DmaDirection.ToDevice);
        using var lease = mapping.BeginTransfer(0, PageLength);
        var registers = Edu.Device.Registers;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => registers.WriteAddress(new Register<ulong>((int)registers.Length, "behind"), lease),
                Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => registers.WriteAddress(new Register<ulong>(0x84, "askew"), lease), Throws.ArgumentException);
            Assert.That(() => registers.WriteAddress(s_source, lease, PageLength), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => registers.WriteAddress(s_source, lease, -1), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => registers.WriteAddress(s_source, default), Throws.InvalidOperationException);
        }
        lease.Complete();
    }

    // Kernels that do not write it themselves are Xilinx's, where no address of these machines is so high.
    [Test]
    public void Without_the_kernel_an_address_beyond_32_bits_is_refused_as_well()
    {
        using var buffer = DmaHeap.Cma.Allocate(PageLength);
        var attachment = new Attachment(Edu.Device, buffer, DmaDirection.ToDevice);
        attachment.Set(handle: 0, rangeCount: 1, PageLength);
        attachment.SetAddress(uint.MaxValue - 9);
        typeof(UioDevice).GetField("<Features>k__BackingField", BindingFlags.NonPublic | BindingFlags.Instance)!.SetValue(Edu.Device,
            new UioFeatures());
        var registers = Edu.Device.Registers;
        var low = new Register<uint>(0x80, "its lower half");

        registers.WriteAddress(low, new TransferLease(attachment, 0, 0, 10));
        Assert.That(registers.Read(s_source), Is.EqualTo(uint.MaxValue - 9));
        foreach (var (offset, length) in ((long, long)[])[(0, 11), (9, 2), (10, 1)])
        {
            var error = Assert.Throws<UioException>(() => registers.WriteAddress(low, new TransferLease(attachment, 0, offset, length)))!;
            Assert.That((error.Call, error.ErrnoName), Is.EqualTo(("UIO_IOC_DMABUF_WRITE_ADDRESS", "ERANGE")));
        }
        Assert.That(registers.Read(s_source), Is.EqualTo(uint.MaxValue - 9), "nothing was written");
    }

    [Test]
    public void Nothing_is_allocated_for_an_address()
    {
        using var buffer = DmaHeap.Cma.Allocate(PageLength);
        using var mapping = Edu.Device.Import(buffer, DmaDirection.ToDevice);
        using var lease = mapping.BeginTransfer(0, PageLength);
        var registers = Edu.Device.Registers;
        registers.WriteAddress(s_source, lease);
        _ = lease.Address;

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            registers.WriteAddress(s_source, lease);
            _ = lease.Address;
            _ = lease.PieceAt(1);
        }
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        lease.Complete();
    }
}
