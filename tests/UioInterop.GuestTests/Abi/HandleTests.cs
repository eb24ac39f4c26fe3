using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>Query, attach, detach and ranges, on any device.</summary>
[Category(Needs.Handles)]
internal sealed partial class HandleTests : AbiTest
{
    private static long Read(string name) => ImportAttribute.UnderTest(name).Value;

    [Test]
    public void Query_reports_features_and_limits()
    {
        Assert.That(RawHandles.Query(Uio, out var query), Is.Zero);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(query.Features, Is.EqualTo(0b11111));
            Assert.That(query.AddressBits, Is.EqualTo(Read("dma_mask_bits")));
            Assert.That(query.MaxMappings, Is.EqualTo(Read("max_mappings")).And.GreaterThan(16384));
            Assert.That(query.MaxBytes, Is.EqualTo(Read("max_bytes")));
            Assert.That((query.MaxQuiesceOps, query.MaxQuiesceMicroseconds), Is.EqualTo((16, 1_000_000)));
        }
    }

    [Test, Category(Needs.Iommu)]
    public void Query_tells_of_an_IOMMU()
    {
        Assert.That(RawHandles.Query(Uio, out var query), Is.Zero);
        Assert.That(query.Translation, Is.EqualTo(RawHandles.Strict));
    }

    [Test, Category(Needs.Direct)]
    public void Query_tells_that_there_is_no_IOMMU()
    {
        Assert.That(RawHandles.Query(Uio, out var query), Is.Zero);
        Assert.That(query.Translation, Is.EqualTo(RawHandles.NoTranslation));
    }

    [Test]
    public unsafe void A_longer_argument_is_taken_when_the_rest_is_zero_and_refused_when_it_is_not()
    {
        var bytes = stackalloc byte[sizeof(RawQuery) + 8];
        new Span<byte>(bytes, sizeof(RawQuery) + 8).Clear();
        *(int*)bytes = sizeof(RawQuery) + 8;
        Assert.That(RawUio.Ioctl(Uio, RawHandles.QueryCommand, bytes), Is.Zero);
        Assert.That(((RawQuery*)bytes)->MaxMappings, Is.Positive);

        new Span<byte>(bytes, sizeof(RawQuery) + 8).Clear();
        *(int*)bytes = sizeof(RawQuery) + 8;
        bytes[sizeof(RawQuery)] = 1;
        Assert.That(RawUio.Ioctl(Uio, RawHandles.QueryCommand, bytes), Is.EqualTo(-LibC.E2BIG));
    }

    // A program that was compiled with the first series' header works on a kernel with both.
    [Test]
    public unsafe void A_query_that_ends_where_the_first_series_does_is_answered_so_far()
    {
        var query = new RawQuery { Size = RawQuery.FirstSeriesSize, MaxQuiesceOps = 1, MaxQuiesceMicroseconds = 2 };
        Assert.That(RawUio.Ioctl(Uio, RawHandles.QueryCommand, &query), Is.Zero);
        Assert.That(query.MaxMappings, Is.Positive);
        Assert.That((query.MaxQuiesceOps, query.MaxQuiesceMicroseconds), Is.EqualTo((1, 2)), "nothing is written behind it");
    }

    [TestCase(0u)]
    [TestCase(4u)]
    [TestCase(RawQuery.FirstSeriesSize - 1)]
    public unsafe void A_shorter_argument_is_refused(uint size)
    {
        var query = new RawQuery { Size = size };
        Assert.That(RawUio.Ioctl(Uio, RawHandles.QueryCommand, &query), Is.EqualTo(-LibC.EINVAL));
    }

    [Test]
    public unsafe void An_argument_of_more_than_a_page_is_refused([ValueSource(typeof(RawHandles),
        nameof(RawHandles.Commands))] uint command)
    {
        var page = Environment.SystemPageSize;
        var bytes = stackalloc byte[page + 1];
        new Span<byte>(bytes, page + 1).Clear(); // with nothing in it that the kernel does not know

        *(int*)bytes = page;
        Assert.That(RawUio.Ioctl(Uio, command, bytes), Is.Not.EqualTo(-LibC.E2BIG));
        *(int*)bytes = page + 1;
        Assert.That(RawUio.Ioctl(Uio, command, bytes), Is.EqualTo(-LibC.E2BIG));
    }

    [Test]
    public unsafe void Unknown_flags_are_refused([ValueSource(typeof(RawHandles), nameof(RawHandles.Commands))] uint command)
    {
        var bytes = stackalloc byte[64];
        new Span<byte>(bytes, 64).Clear();
        ((uint*)bytes)[0] = 64;
        ((uint*)bytes)[1] = 1u << 31;
        Assert.That(RawUio.Ioctl(Uio, command, bytes), Is.EqualTo(-LibC.EINVAL));
        Assert.That(RawUio.Ioctl(Uio, command, null), Is.EqualTo(-LibC.EFAULT));
    }

    [Test]
    public unsafe void An_unknown_command_is_ENOTTY()
    {
        var bytes = stackalloc byte[64];
        Assert.That(RawUio.Ioctl(Uio, 0x5907, bytes), Is.EqualTo(-LibC.ENOTTY));
    }

    [Test]
    public void Attach_gives_a_handle_and_detach_takes_it()
    {
        using var buffer = Buffer(8192);
        Assert.That(RawHandles.Attach(Uio, RawFile.Number(buffer), RawArguments.Bidirectional, out var attach), Is.Zero);
        Assert.That(attach.Handle, Is.Not.Zero);
        Assert.That(attach.Length, Is.EqualTo(8192));
        Assert.That(attach.RangeCount, Is.GreaterThanOrEqualTo(1));
        Assert.That((Attachments, Read("mappings"), Read("bytes")), Is.EqualTo((1, 1, 8192)));

        Assert.That(RawHandles.Detach(Uio, attach.Handle), Is.Zero);
        Assert.That(RawHandles.Detach(Uio, attach.Handle), Is.EqualTo(-LibC.ENOENT));
        Assert.That((Attachments, Read("mappings"), Read("bytes")), Is.EqualTo((0, 0, 0)));
    }

    [Test]
    public void A_detach_with_reserved_fields_set_is_refused()
    {
        using var buffer = Buffer();
        var handle = RawHandles.Attached(Uio, buffer);

        Assert.That(RawHandles.Detach(Uio, handle, reserved: 1), Is.EqualTo(-LibC.EINVAL));
        Assert.That(Attachments, Is.EqualTo(1));
    }

    [Test]
    public void An_attach_whose_answer_cannot_be_written_is_undone()
    {
        using var buffer = Buffer();

        Assert.That(RawHandles.AttachInVain(Uio, buffer), Is.EqualTo(-LibC.EFAULT));

        Assert.That((Attachments, Read("mappings"), Read("bytes")), Is.EqualTo((0, 0, 0)));
        Assert.That(RawHandles.Attach(Uio, buffer), Is.Zero, "the buffer can be attached again");
    }

    // A number that was closed may be another buffer's by now; a handle is not that number.
    [Test]
    public void A_handle_outlives_the_descriptor_and_is_not_given_again_at_once()
    {
        uint first;
        using (var buffer = Buffer())
            first = RawHandles.Attached(Uio, buffer);
        Assert.That(RawHandles.Detach(Uio, first), Is.Zero);

        using var other = Buffer();
        Assert.That(RawHandles.Attached(Uio, other), Is.Not.EqualTo(first));
    }

    [Test]
    public void The_same_buffer_twice_in_one_file_is_EBUSY_and_in_two_files_is_not()
    {
        using var buffer = Buffer();
        using var duplicate = RawFile.Duplicate(buffer);
        using var other = RawUio.Open(UnderTest.DevicePath);
        var handle = RawHandles.Attached(Uio, buffer);

        Assert.That(RawHandles.Attach(Uio, duplicate), Is.EqualTo(-LibC.EBUSY));
        Assert.That(RawHandles.Detach(other, handle), Is.EqualTo(-LibC.ENOENT), "handles are a file's own");
        Assert.That(RawHandles.Attach(other, buffer), Is.Zero);
        Assert.That(Attachments, Is.EqualTo(2));
    }

    [Test]
    public void Old_and_new_mappings_do_not_see_each_other()
    {
        using var buffer = Buffer();
        var handle = RawHandles.Attached(Uio, buffer);

        Assert.That(RawUio.Unmap(Uio, buffer), Is.EqualTo(-LibC.ENOENT));
        Assert.That(RawUio.Map(Uio, buffer, RawArguments.ToDevice), Is.Zero);
        Assert.That(RawHandles.Detach(Uio, handle), Is.Zero);
        Assert.That(Attachments, Is.EqualTo(1));
        Assert.That(RawUio.Unmap(Uio, buffer), Is.Zero);
    }

    [TestCase(RawArguments.ToDevice, 0)]
    [TestCase(RawArguments.FromDevice, LibCErrno.EACCES)]
    [TestCase(RawArguments.Bidirectional, LibCErrno.EACCES)]
    public void Through_a_read_only_file_the_device_does_not_write(byte direction, int errno)
    {
        using var buffer = Buffer();
        using var readOnly = RawUio.Open(UnderTest.DevicePath, writable: false);

        Assert.That(RawHandles.Attach(readOnly, buffer, direction), Is.EqualTo(-errno));
    }

    [TestCase(RawArguments.ToDevice, 0)]
    [TestCase(RawArguments.FromDevice, LibCErrno.EACCES)]
    [TestCase(RawArguments.Bidirectional, LibCErrno.EACCES)]
    public void Through_a_read_only_descriptor_of_the_buffer_the_device_does_not_write(byte direction, int errno)
    {
        using var scene = new Scene();
        using var buffer = scene.BufferForReadingOnly().DuplicateHandle();

        Assert.That(RawHandles.Attach(Uio, buffer, direction), Is.EqualTo(-errno));
    }

    [TestCase(RawArguments.ToDevice, LibCErrno.EACCES)]
    [TestCase(RawArguments.FromDevice, 0)]
    [TestCase(RawArguments.Bidirectional, LibCErrno.EACCES)]
    public void Through_a_write_only_descriptor_of_the_buffer_the_device_does_not_read(byte direction, int errno)
    {
        using var scene = new Scene();
        using var buffer = scene.BufferForWritingOnly().DuplicateHandle();

        Assert.That(RawHandles.Attach(Uio, buffer, direction), Is.EqualTo(-errno));
    }

    [TestCase(0u)]
    [TestCase(4u)]
    [TestCase(257u)]
    public void A_wrong_direction_is_refused(uint direction)
    {
        using var buffer = Buffer();
        Assert.That(RawHandles.Attach(Uio, buffer, direction), Is.EqualTo(-LibC.EINVAL));
    }

    [Test]
    public void A_closed_descriptor_is_EBADF_and_one_of_something_else_EINVAL()
    {
        using var file = RawFile.Open("/dev/null", LibC.O_RDWR);

        Assert.That(RawHandles.Attach(Uio, -1, RawArguments.ToDevice, out _), Is.EqualTo(-LibC.EBADF));
        Assert.That(RawHandles.Attach(Uio, file), Is.EqualTo(-LibC.EINVAL));
    }

    // More than bounce buffers have in one piece.
    [Test, Category(Needs.Coherent)]
    public void Ranges_follow_each_other_and_cover_the_buffer_however_they_are_asked_for()
    {
        using var buffer = Buffer(3 << 20);
        Assert.That(RawHandles.Attach(Uio, RawFile.Number(buffer), RawArguments.ToDevice, out var attach), Is.Zero);

        var ranges = RawHandles.AllRanges(Uio, attach.Handle);

        Assert.That(ranges, Has.Count.EqualTo(attach.RangeCount));
        Assert.That(ranges.Sum(range => (long)range.Length), Is.EqualTo(3 << 20));
        Assert.That(ranges.Zip(ranges.Skip(1)).Where(pair => pair.First.Address + pair.First.Length == pair.Second.Address),
            Is.Empty, "ranges that touch");
        Assert.That(RawHandles.AllRanges(Uio, attach.Handle, atATime: 1), Is.EqualTo(ranges));
    }

    [Test, Category(Needs.Direct)]
    public void More_ranges_than_one_call_tells_take_several()
    {
        const int Pages = 600;
        using var memory = ListedBuffer.Scattered(Pages);
        using var buffer = memory.DuplicateHandle();
        var handle = RawHandles.Attached(Uio, buffer);

        Assert.That(RawHandles.Ranges(Uio, handle, 0, new RawRange[Pages], out var result), Is.Zero);
        Assert.That(result.Total, Is.GreaterThanOrEqualTo(Pages - 2));
        Assert.That(result.Count, Is.EqualTo(256));
        var ranges = RawHandles.AllRanges(Uio, handle, atATime: Pages);
        Assert.That(ranges.Sum(range => (long)range.Length), Is.EqualTo(memory.Length));
        Assert.That(ranges, Is.EqualTo(RawHandles.AllRanges(Uio, handle, atATime: 1)));
    }

    [Test]
    public void Ranges_beyond_the_last_one_are_refused_and_no_room_tells_how_many_there_are()
    {
        using var buffer = Buffer();
        var handle = RawHandles.Attached(Uio, buffer);

        Assert.That(RawHandles.Ranges(Uio, handle, 0, [], out var result), Is.Zero);
        Assert.That((result.Count, result.Total), Is.EqualTo((0, 1)));
        Assert.That(RawHandles.Ranges(Uio, handle, 2, new RawRange[1], out _), Is.EqualTo(-LibC.EINVAL));
        Assert.That(RawHandles.Ranges(Uio, handle + 1, 0, new RawRange[1], out _), Is.EqualTo(-LibC.ENOENT));
    }

    [Test]
    public void A_mapping_too_many_is_ENOSPC()
    {
        using var first = Buffer();
        using var second = Buffer();
        using var limit = ImportAttribute.UnderTest("max_mappings").Set("1");
        var handle = RawHandles.Attached(Uio, first);

        Assert.That(RawHandles.Attach(Uio, second), Is.EqualTo(-LibC.ENOSPC));
        Assert.That(RawUio.Map(Uio, second), Is.EqualTo(-LibC.ENOSPC), "by the boards' ioctl");
        Assert.That(RawHandles.Detach(Uio, handle), Is.Zero);
        Assert.That(RawHandles.Attach(Uio, second), Is.Zero);
    }

    [Test]
    public void Bytes_too_many_are_ENOMEM()
    {
        using var fits = Buffer(8192);
        using var little = Buffer();
        using var limit = ImportAttribute.UnderTest("max_bytes").Set("8192");
        var handle = RawHandles.Attached(Uio, fits);

        Assert.That(RawHandles.Attach(Uio, little), Is.EqualTo(-LibC.ENOMEM));
        Assert.That(RawHandles.Detach(Uio, handle), Is.Zero);
        Assert.That(RawHandles.Attach(Uio, little), Is.Zero);
    }

    [Test, Category(Needs.Direct)]
    public void Without_an_IOMMU_the_kernel_is_tainted()
    {
        using var buffer = Buffer();
        RawHandles.Attached(Uio, buffer);

        Assert.That(IsTainted, Is.True);
    }

    [Test, Category(Needs.Iommu)]
    public void Behind_an_IOMMU_the_kernel_is_not_tainted()
    {
        using var buffer = Buffer();
        RawHandles.Attached(Uio, buffer);

        Assert.That(IsTainted, Is.False);
    }

    [Test, Category(Needs.Iommu)]
    public void Behind_an_IOMMU_every_writer_of_the_device_may_attach()
    {
        using var buffer = Buffer();

        Assert.That(ImportWithoutCapabilities(buffer), Is.EqualTo((0, 0)));
    }

    [Test, Category(Needs.Direct)]
    public void Without_an_IOMMU_an_attach_needs_a_capability()
    {
        using var buffer = Buffer();

        Assert.That(ImportWithoutCapabilities(buffer), Is.EqualTo((-LibC.EPERM, -LibC.EPERM)));
        Assert.That(Read("mappings"), Is.Zero);
    }

    [Test]
    public void The_mask_is_the_drivers_own_again_after_unbinding()
    {
        var before = Read("dma_mask_bits");
        ImportAttribute.UnderTest("dma_mask_bits").Write("40");
        Assert.That(Read("dma_mask_bits"), Is.EqualTo(40).And.Not.EqualTo(before));

        UnderTest.Unbind();
        UnderTest.Bind();

        Assert.That(Read("dma_mask_bits"), Is.EqualTo(before));
    }

    [TestCase("dma_mask_bits")]
    [TestCase("max_mappings")]
    [TestCase("max_bytes")]
    public void Only_root_changes_the_limits_of_a_device(string name)
    {
        var before = Read(name);

        Assert.That(() => Unprivileged.AsNobody(() => ImportAttribute.UnderTest(name).Write("40")),
            Throws.InstanceOf<UnauthorizedAccessException>());
        Assert.That(Read(name), Is.EqualTo(before));
    }

    [Test]
    public void The_mask_stays_while_something_is_mapped()
    {
        using var buffer = Buffer();
        RawHandles.Attached(Uio, buffer);

        var error = Assert.Throws<IOException>(() => ImportAttribute.UnderTest("dma_mask_bits").Write("40"))!;
        Assert.That(error.HResult, Is.EqualTo(LibC.EBUSY));
    }

    [Test]
    public void The_file_lists_its_mappings()
    {
        using var buffer = Buffer(8192);
        RawHandles.Attached(Uio, buffer);

        var lines = File.ReadAllLines($"/proc/self/fdinfo/{RawFile.Number(Uio)}");
        Assert.That(lines, Does.Contain("dmabuf-mappings:\t1").And.Contains("dmabuf-bytes:\t8192"));
    }

    [Test]
    public void The_end_of_the_file_is_the_end_of_its_mappings()
    {
        using var buffer = Buffer();
        using (var file = RawUio.Open(UnderTest.DevicePath))
        {
            RawHandles.Attached(file, buffer);
            Assert.That(Attachments, Is.EqualTo(1));
        }

        Assert.That((Attachments, Read("mappings")), Is.EqualTo((0, 0)));
    }

    [Test]
    public void After_unbinding_everything_is_ENODEV_and_nothing_attached()
    {
        using var buffer = Buffer();
        using var file = RawUio.Open(UnderTest.DevicePath);
        var handle = RawHandles.Attached(file, buffer);

        UnderTest.Unbind();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Attachments, Is.Zero);
            Assert.That(RawHandles.Query(file, out _), Is.EqualTo(-LibC.ENODEV));
            Assert.That(RawHandles.Attach(file, buffer), Is.EqualTo(-LibC.ENODEV));
            Assert.That(RawHandles.Detach(file, handle), Is.EqualTo(-LibC.ENODEV));
            Assert.That(RawHandles.Ranges(file, handle, 0, new RawRange[1], out _), Is.EqualTo(-LibC.ENODEV));
            Assert.That(RawHandles.SetQuiesce(file), Is.EqualTo(-LibC.ENODEV));
        }
    }

    [Test]
    public void Bad_input_does_not_reach_the_kernel_log()
    {
        using var buffer = Buffer();
        using var file = RawFile.Open("/dev/null", LibC.O_RDWR);
        var handle = RawHandles.Attached(Uio, buffer);
        var address = new RawWriteAddress { Handle = handle, Length = 4096, Register = ulong.MaxValue - 7, Format = RawHandles.Address64 };
        var poll = new RawQuiesceOp { Kind = RawQuiesceOp.Poll, Width = 32, TimeoutMicroseconds = uint.MaxValue };

        AssertNotLogged(() =>
        {
            int[] results =
            [
                RawHandles.Attach(Uio, -1, RawArguments.ToDevice, out _),
                RawHandles.Attach(Uio, file),
                RawHandles.Attach(Uio, buffer, RawArguments.None),
                RawHandles.Attach(Uio, buffer),
                RawHandles.Detach(Uio, 0),
                RawHandles.Detach(Uio, handle, reserved: 1),
                RawHandles.Ranges(Uio, 0, 0, [], out _),
                RawHandles.Ranges(Uio, handle, 2, [], out _),
                RawHandles.WriteAddress(Uio, address),
                RawHandles.WriteAddress(Uio, address with { Map = uint.MaxValue }),
                RawHandles.SetQuiesce(Uio, poll),
                RawHandles.SetQuiesce(Uio, poll with { Register = ulong.MaxValue - 3 }),
                RawHandles.SetQuiesce(Uio, new byte[1], 1, 1),
            ];
            Assert.That(results, Is.All.Negative);
        });
    }

    /// <summary>By handle and by the boards' ioctl, in a file that was opened without capabilities, too.</summary>
    private static (int Attach, int Map) ImportWithoutCapabilities(SafeFileHandle buffer)
    {
        var results = (1, 1);
        Unprivileged.WithoutCapabilities(() =>
        {
            using var file = RawUio.Open(UnderTest.DevicePath);
            results = (RawHandles.Attach(file, buffer, RawArguments.Bidirectional), RawUio.Map(file, buffer, RawArguments.ToDevice));
        });
        return results;
    }
}
