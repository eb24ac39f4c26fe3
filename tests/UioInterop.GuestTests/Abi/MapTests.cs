using System.Runtime.InteropServices;
using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

internal sealed class MapTests : AbiTest
{
    [TestCase(RawArguments.Bidirectional)]
    [TestCase(RawArguments.ToDevice)]
    [TestCase(RawArguments.FromDevice)]
    public void Map_gives_an_address_and_the_mapped_size(byte direction)
    {
        using var memory = DmaHeap.Cma.Allocate(8192);
        using var buffer = memory.DuplicateHandle();

        var result = RawUio.Map(Uio, RawFile.Number(buffer), direction, out var mapped);

        Assert.That(result, Is.Zero);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(mapped.Address, Is.Not.Zero);
            Assert.That(mapped.Size, Is.EqualTo(8192));
            Assert.That(mapped.Fd, Is.EqualTo(RawFile.Number(buffer)));
            Assert.That(mapped.Direction, Is.EqualTo(direction));
            Assert.That(Attachments, Is.EqualTo(1));
        }
    }

    // linux-xlnx declares the direction as a byte; its clients leave the rest of the structure uninitialised.
    [Test]
    public unsafe void The_direction_is_the_byte_at_offset_24_and_padding_is_ignored()
    {
        using var buffer = Buffer();
        var bytes = stackalloc byte[32];
        new Span<byte>(bytes, 32).Fill(0xA5);
        *(int*)bytes = RawFile.Number(buffer);
        bytes[24] = RawArguments.ToDevice;

        Assert.That(RawUio.Ioctl(Uio, RawUio.MapCommand, bytes), Is.Zero);
    }

    [TestCase(0)]
    [TestCase(RawArguments.None)]
    [TestCase(5)]
    [TestCase(255)]
    public void A_wrong_direction_is_refused_before_the_buffer_is_looked_at(byte direction)
    {
        Assert.That(RawUio.Map(Uio, -1, direction, out _), Is.EqualTo(-LibC.EINVAL));
    }

    [Test]
    public void A_closed_descriptor_is_EBADF()
    {
        Assert.That(RawUio.Map(Uio, -1, RawArguments.Bidirectional, out _), Is.EqualTo(-LibC.EBADF));
    }

    [Test]
    public void A_descriptor_of_something_else_is_EINVAL()
    {
        using var file = RawFile.Open("/dev/null", LibC.O_RDWR);

        Assert.That(RawUio.Map(Uio, file), Is.EqualTo(-LibC.EINVAL));
    }

    [Test]
    public void The_same_buffer_twice_is_EBUSY_by_whichever_descriptor()
    {
        using var buffer = Buffer();
        using var duplicate = RawFile.Duplicate(buffer);
        Assert.That(RawUio.Map(Uio, buffer), Is.Zero);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(RawUio.Map(Uio, buffer), Is.EqualTo(-LibC.EBUSY));
            Assert.That(RawUio.Map(Uio, duplicate), Is.EqualTo(-LibC.EBUSY));
            Assert.That(Attachments, Is.EqualTo(1));
        }
    }

    [Test]
    public void Two_files_map_the_same_buffer_each_for_itself()
    {
        using var buffer = Buffer();
        using var other = RawUio.Open(UnderTest.DevicePath);

        // To the device only: DMA debug suspects two mappings that the device may write.
        Assert.That(RawUio.Map(Uio, buffer, RawArguments.ToDevice), Is.Zero);
        Assert.That(RawUio.Map(other, buffer, RawArguments.ToDevice), Is.Zero);
        Assert.That(Attachments, Is.EqualTo(2));

        Assert.That(RawUio.Unmap(other, buffer), Is.Zero);
        Assert.That(RawUio.Unmap(other, buffer), Is.EqualTo(-LibC.ENOENT));
        Assert.That(Attachments, Is.EqualTo(1));
    }

    [TestCase(RawArguments.ToDevice, 0)]
    [TestCase(RawArguments.FromDevice, LibCErrno.EACCES)]
    [TestCase(RawArguments.Bidirectional, LibCErrno.EACCES)]
    public void A_file_opened_read_only_maps_for_the_device_to_read_and_nothing_else(byte direction, int errno)
    {
        using var buffer = Buffer();
        using var readOnly = RawUio.Open(UnderTest.DevicePath, writable: false);

        Assert.That(RawUio.Map(readOnly, buffer, direction), Is.EqualTo(-errno));
    }

    [TestCase(RawArguments.ToDevice, 0)]
    [TestCase(RawArguments.FromDevice, LibCErrno.EACCES)]
    [TestCase(RawArguments.Bidirectional, LibCErrno.EACCES)]
    public void A_read_only_descriptor_of_the_buffer_maps_for_the_device_to_read_and_nothing_else(byte direction, int errno)
    {
        using var scene = new Scene();
        using var buffer = scene.BufferForReadingOnly().DuplicateHandle();

        Assert.That(RawUio.Map(Uio, buffer, direction), Is.EqualTo(-errno));
    }

    [Test]
    public unsafe void A_copy_to_user_space_that_fails_undoes_the_map()
    {
        using var buffer = Buffer();
        using var page = new ReadOnlyPage();
        page.Fill(new RawArguments { Fd = RawFile.Number(buffer), Direction = RawArguments.Bidirectional });

        Assert.That(RawUio.Ioctl(Uio, RawUio.MapCommand, page.Address), Is.EqualTo(-LibC.EFAULT));

        Assert.That(Attachments, Is.Zero);
        Assert.That(RawUio.Map(Uio, buffer), Is.Zero, "the buffer can be mapped again");
    }

    [Test]
    public unsafe void An_argument_that_cannot_be_read_is_EFAULT([Values(RawUio.MapCommand, RawUio.UnmapCommand)] uint command)
    {
        Assert.That(RawUio.Ioctl(Uio, command, null), Is.EqualTo(-LibC.EFAULT));
    }

    [TestCase(0xC0205500u)]
    [TestCase(0xC0205503u)]
    [TestCase(0xC0185501u)]
    [TestCase(0x00005501u)]
    [TestCase(0x00005401u)]
    public void An_unknown_command_is_ENOTTY(uint command)
    {
        var arguments = default(RawArguments);

        Assert.That(RawUio.Ioctl(Uio, command, ref arguments), Is.EqualTo(-LibC.ENOTTY));
    }

    // The default maximum segment size is 64 KiB: the DMA debug layer warns when a larger segment is mapped.
    [Test, Category(Needs.Iommu)]
    public void A_large_buffer_is_one_range_behind_an_IOMMU()
    {
        using var buffer = Buffer(8 << 20);

        Assert.That(RawUio.Map(Uio, RawFile.Number(buffer), RawArguments.Bidirectional, out var mapped), Is.Zero);
        Assert.That(mapped.Size, Is.EqualTo(8 << 20));
    }

    [Test]
    public void Bad_input_does_not_reach_the_kernel_log()
    {
        using var buffer = Buffer();

        AssertNotLogged(() =>
        {
            RawUio.Map(Uio, -1, RawArguments.Bidirectional, out _);
            RawUio.Map(Uio, buffer, RawArguments.None);
            RawUio.Unmap(Uio, buffer);
            var arguments = default(RawArguments);
            RawUio.Ioctl(Uio, 0xC0205503, ref arguments);
        });
    }
}
