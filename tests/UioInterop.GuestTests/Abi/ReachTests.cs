using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>Of a device that reaches a part of memory: what it reaches is attached, and what it does not is refused.</summary>
[Category(Needs.Handles)]
internal sealed partial class ReachTests : AbiTest
{
    private const long Length = 64 << 10;
    private const ulong FourGiB = 1UL << 32;

    private static readonly byte[] s_directions = [RawArguments.Bidirectional, RawArguments.ToDevice, RawArguments.FromDevice];

    [Test, Category(Needs.Beyond)]
    public void A_buffer_that_the_device_reaches_is_attached([ValueSource(nameof(s_directions))] byte direction)
    {
        using var memory = DmaHeap.Cma.Allocate(Length);
        using var buffer = memory.DuplicateHandle();

        var attach = Attached(Uio, buffer, direction);

        Assert.That(attach.Flags, Is.Zero);
        Assert.That(RawHandles.AllRanges(Uio, attach.Handle), Has.All.Property(nameof(RawRange.Address)).LessThan(FourGiB));
        Assert.That(RawHandles.Detach(Uio, attach.Handle), Is.Zero);
        Assert.That(RawUio.Map(Uio, buffer, direction), Is.Zero, "by the boards' ioctl");
    }

    // A mapping that ends copies back what the device may have written.
    [Test, Category(Needs.Beyond)]
    public void A_buffer_beyond_the_devices_reach_is_refused_and_unchanged([ValueSource(nameof(s_directions))] byte direction)
    {
        var pattern = Buffers.Pattern((int)Length, seed: 1);
        using var memory = DmaHeap.System.Allocate(Length);
        using var buffer = memory.DuplicateHandle();
        Buffers.Fill(memory, pattern);

        Assert.That(RawHandles.Attach(Uio, buffer, direction), Is.EqualTo(-LibCErrno.ERANGE));

        Assert.That(Attachments, Is.Zero);
        Assert.That(Buffers.Read(memory, pattern.Length), Is.EqualTo(pattern));
    }

    [Test, Category(Needs.Beyond)]
    public void One_that_is_too_large_to_bounce_is_refused_with_the_same_error()
    {
        KernelLogCheckAttribute.Expect(NoRoom());
        using var buffer = Buffer(8 << 20);

        Assert.That(RawHandles.Attach(Uio, buffer), Is.EqualTo(-LibCErrno.ERANGE));
    }

    [Test, Category(Needs.Beyond)]
    public void With_a_wider_mask_it_is_attached_where_it_is()
    {
        using var buffer = Buffer(Length);
        using var file = RawUio.Open(UnderTest.DevicePath);
        ImportAttribute.UnderTest("dma_mask_bits").Write("40");
        try
        {
            var attach = Attached(file, buffer, RawArguments.Bidirectional);
            Assert.That(RawHandles.AllRanges(file, attach.Handle),
                Has.Some.Property(nameof(RawRange.Address)).GreaterThanOrEqualTo(FourGiB));
            Assert.That(RawHandles.Detach(file, attach.Handle), Is.Zero);
        }
        finally
        {
            ImportAttribute.UnderTest("dma_mask_bits").Write("32");
        }
    }

    // Programs for the boards do not expect an error there.
    [Test, Category(Needs.Beyond)]
    public void The_boards_ioctl_bounces_it_and_says_so_once()
    {
        KernelLogCheckAttribute.Expect(Copied());
        UnderTest.Unbind(); // what was said before is forgotten
        UnderTest.Bind();
        using var log = new GuestLog();
        using var buffer = Buffer(Length);
        using var file = RawUio.Open(UnderTest.DevicePath);

        Assert.That(RawUio.Map(file, RawFile.Number(buffer), RawArguments.Bidirectional, out var mapped), Is.Zero);
        Assert.That(mapped.Address, Is.LessThan(FourGiB));
        Assert.That(log.WaitFor(Copied(), Bound.Long), Is.Not.Null);
        Assert.That(RawUio.Unmap(file, buffer), Is.Zero);
        Assert.That(RawUio.Map(file, buffer), Is.Zero);
        Assert.That(log.Drain().Where(line => Copied().IsMatch(line.Text)), Is.Empty);
    }

    // It takes addresses below the mask, wherever the memory is.
    [Test, Category(Needs.Iommu), Category(Needs.Pc)]
    public void Behind_an_IOMMU_the_mask_is_no_limit()
    {
        using var buffer = Buffer(Length);
        using var file = RawUio.Open(UnderTest.DevicePath);
        using var mask = ImportAttribute.UnderTest("dma_mask_bits").Set("28");

        var attach = Attached(file, buffer, RawArguments.Bidirectional);

        Assert.That(RawHandles.AllRanges(file, attach.Handle), Has.All.Property(nameof(RawRange.Address)).LessThan(1UL << 28));
        Assert.That(RawHandles.Detach(file, attach.Handle), Is.Zero);
    }

    [Test, Category(Needs.Bounce)]
    public void A_bounced_import_is_reported_as_such()
    {
        using var buffer = Buffer(Length);

        Assert.That(Attached(Uio, buffer, RawArguments.Bidirectional).Flags, Is.EqualTo(RawAttach.Bounced));
    }

    [Category(Needs.DmaRanges)]
    [TestCase("reaches-a-power-of-two")]
    [TestCase("reaches-all")]
    public void Behind_a_bus_that_reaches_all_memory_any_buffer_is_attached(string name)
    {
        using var uio = RawUio.Open(DeviceNamed(name));
        foreach (var bits in new[] { null, "32", "64" })
        {
            if (bits is not null)
                new ImportAttribute(DeviceNamed(name), "dma_mask_bits").Write(bits);
            using var buffer = Buffer(Length);

            var attach = Attached(uio, buffer, RawArguments.Bidirectional);
            Assert.That((attach.Flags, RawHandles.Detach(uio, attach.Handle)), Is.EqualTo((0u, 0)), bits);
            Assert.That((RawUio.Map(uio, buffer), RawUio.Unmap(uio, buffer)), Is.EqualTo((0, 0)), bits);
        }
    }

    [Test, Category(Needs.DmaRanges)]
    public void Behind_a_bus_with_an_offset_an_attach_needs_a_mask_that_is_wide_enough()
    {
        var path = DeviceNamed("reaches-all-elsewhere");
        using var uio = RawUio.Open(path);
        using var memory = DmaHeap.Cma.Allocate(Length);
        using var buffer = memory.DuplicateHandle();

        Assert.That(RawHandles.Attach(uio, buffer), Is.EqualTo(-LibCErrno.ERANGE));
        Assert.That(RawUio.Map(uio, buffer), Is.EqualTo(-LibCErrno.ERANGE));
        Assert.That(Attachments, Is.Zero);

        foreach (var bits in new[] { "33", "48", "64" })
        {
            new ImportAttribute(path, "dma_mask_bits").Write(bits);
            var attach = Attached(uio, buffer, RawArguments.Bidirectional);
            Assert.That(RawHandles.AllRanges(uio, attach.Handle), Has.All.Property(nameof(RawRange.Address)).GreaterThanOrEqualTo(FourGiB),
                bits);
            Assert.That(RawHandles.Detach(uio, attach.Handle), Is.Zero);
            Assert.That((RawUio.Map(uio, buffer), RawUio.Unmap(uio, buffer)), Is.EqualTo((0, 0)), bits);
        }
    }

    private static RawAttach Attached(SafeFileHandle uio, SafeFileHandle buffer, byte direction)
    {
        Assert.That(RawHandles.Attach(uio, RawFile.Number(buffer), direction, out var attach), Is.Zero);
        return attach;
    }

    private static string DeviceNamed(string name) => UioDevice.List().Single(device => device.Name == name).DevicePath;

    [GeneratedRegex("which is copied for each transfer")]
    private static partial Regex Copied();

    [GeneratedRegex("swiotlb buffer is full")]
    private static partial Regex NoRoom();
}
