using Tmds.Linux;
using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

/// <summary>A kernel without CONFIG_UIO_DMABUF_ADDRESSES: what does without an address works, what does not says so.</summary>
[Category(Needs.NoAddresses)]
internal sealed class NoAddressTests
{
    private static readonly TimeSpan s_timeout = Bound.Long;

    [SetUp]
    public void Bind() => UnderTest.Bind();

    [Test]
    public void The_boards_ioctls_are_ENOTTY_and_never_address_0()
    {
        using var buffer = DmaHeap.Cma.Allocate(4096);
        using var handle = buffer.DuplicateHandle();
        using var uio = RawUio.Open(UnderTest.DevicePath);

        Assert.That(RawUio.Map(uio, handle), Is.EqualTo(-LibC.ENOTTY));
        Assert.That(RawUio.Unmap(uio, handle), Is.EqualTo(-LibC.ENOTTY));
        Assert.That(RawHandles.Ranges(uio, RawHandles.Attached(uio, handle), 0, new RawRange[1], out _), Is.EqualTo(-LibC.ENOTTY));
    }

    [Test]
    public void Asking_for_an_address_throws_with_the_remedy()
    {
        using var device = UioDevice.Open(UioDeviceId.FromPath(UnderTest.DevicePath));
        using var buffer = DmaHeap.Cma.Allocate(4096);
        using var mapping = device.Import(buffer, DmaDirection.ToDevice);

        Assert.That(device.Features.ExposesAddresses, Is.False);
        Assert.That(mapping.TryGetAddress(out _), Is.False);
        var error = Assert.Throws<UioException>(() => _ = mapping.Address)!;
        Assert.That((error.Call, error.ErrnoName), Is.EqualTo(("UIO_IOC_DMABUF_RANGES", "ENOTTY")));
        Assert.That(error.Remedy, Does.Contain("Registers.WriteAddress"));
    }

    [Test, Category(Needs.Edu)]
    public void The_edu_device_copies()
    {
        const int length = EduDevice.MaxTransfer;
        using var edu = EduDevice.Open();
        using var source = DmaHeap.Cma.Allocate(length);
        using var destination = DmaHeap.Cma.Allocate(length);
        var pattern = Buffers.Pattern(length, seed: 4);
        Buffers.Fill(source, pattern);
        using var from = edu.Device.Import(source, DmaDirection.ToDevice);
        using var to = edu.Device.Import(destination, DmaDirection.FromDevice);

        edu.CopyToDevice(from, 0, length, s_timeout);
        edu.CopyFromDevice(to, 0, length, s_timeout);

        Assert.That(Buffers.Read(destination, length), Is.EqualTo(pattern));
    }

    // The channel cannot know it, and the kernel says so.
    [Test, Category(Needs.Zdma), Category(Needs.Udmabuf)]
    public void A_buffer_in_pieces_is_E2BIG()
    {
        using var dma = ZynqMpDma.Open(UioDeviceId.FromParent(UnderTest.Name));
        using var pieces = DmaBuf.AllocateFromMemfd(4 << 20);
        using var destination = DmaHeap.Cma.Allocate(4 << 20);

        var error = Assert.ThrowsAsync<UioException>(async () =>
            await dma.CopyAsync(pieces, destination, s_timeout)).GetAwaiter().GetResult()!;

        Assert.That((error.Call, error.ErrnoName), Is.EqualTo(("UIO_IOC_DMABUF_WRITE_ADDRESS", "E2BIG")));
    }

    [Test, Category(Needs.Zdma)]
    public async Task A_channel_copies_in_simple_mode()
    {
        const int length = 1 << 20;
        using var dma = ZynqMpDma.Open(UioDeviceId.FromParent(UnderTest.Name));
        using var source = DmaHeap.Cma.Allocate(length);
        using var destination = DmaHeap.Cma.Allocate(length);
        var pattern = Buffers.Pattern(length, seed: 3);
        Buffers.Fill(source, pattern);

        await dma.CopyAsync(source, destination, s_timeout);

        Assert.That(Buffers.Read(destination, length), Is.EqualTo(pattern));
        Assert.That(async () => await dma.CopyAsync(source, 0, source, 100, 200, s_timeout), Throws.ArgumentException, "they overlap");
    }
}
