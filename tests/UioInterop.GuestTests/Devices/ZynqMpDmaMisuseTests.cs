using Tmds.Linux;
using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Devices;

/// <summary>What a ZDMA channel and its driver are asked that cannot be.</summary>
internal sealed class ZynqMpDmaMisuseTests : ZynqMpDmaTest
{
    [Test]
    public void A_channel_that_does_not_exist_is_ENODEV()
    {
        var error = Assert.Throws<UioException>(() => ZynqMpDma.Open(UioDeviceId.FromParent("ffff0000.dma")))!;

        Assert.That(error.Errno, Is.EqualTo(LibC.ENODEV));
        Assert.That(error.Message, Does.Contain("ffff0000.dma"));
    }

    [Test]
    public void A_channel_that_somebody_else_holds_is_EBUSY()
    {
        var error = Assert.Throws<UioException>(() => ZynqMpDma.Open(Id))!;

        Assert.That(error.Errno, Is.EqualTo(LibC.EBUSY));
        Assert.That(error.Remedy, Does.Contain("this program"));
    }

    [Test, Category(Needs.GenericUio)]
    public void A_device_without_registers_is_no_channel()
    {
        Assert.That(() => ZynqMpDma.Open(UioDeviceId.FromName("no-registers")),
            Throws.InvalidOperationException.With.Message.Contains("ZDMA"));
        UioDevice.Open(UioDeviceId.FromName("no-registers")).Dispose();
    }

    [Test, Category(Needs.GenericUio)]
    public void A_channel_without_an_interrupt_is_EIO()
    {
        var error = Assert.Throws<UioException>(() => ZynqMpDma.Open(UioDeviceId.FromName("no-interrupt")))!;

        Assert.That(error.Errno, Is.EqualTo(LibC.EIO));
        Assert.That(error.Remedy, Does.Contain("no interrupt"));
    }

    [TestCase(0, 0, 1)]
    [TestCase(0, 99, 100)]
    [TestCase(99, 0, 100)]
    [TestCase(0, 0, Length)]
    public void Source_and_destination_that_overlap_are_refused(int from, int to, int length)
    {
        using var buffer = Filled(seed: 30);

        Assert.That(async () => await Dma.CopyAsync(buffer, from, buffer, to, length, Timeout),
            Throws.ArgumentException.With.Message.Contains("overlap"));

        Assert.That(Buffers.Read(buffer, Length), Is.EqualTo(Buffers.Pattern(Length, seed: 30)));
    }

    // Whichever piece of a side it is, and whatever others lie around it.
    [Test]
    public void One_piece_of_many_that_overlaps_is_refused()
    {
        using var source = Filled(seed: 31);
        using var destination = DmaHeap.Cma.Allocate(Length);
        DmaSegment[] apart = [.. Enumerable.Range(0, 64).Select(i => new DmaSegment(destination, (i * 37 % 64) * 100, 100))];
        DmaSegment[] from = [new(source, 0, 3000), new(source, 10, 1), new(source, 100, 100),
            .. Enumerable.Range(0, 33).Select(i => new DmaSegment(source, 4000 + (i * 200), 100)), new(source, 4100, 100)];
        Assert.That(from.Sum(segment => segment.Length), Is.EqualTo(6501), "the test's own arithmetic");
        DmaSegment[] to = [.. apart, new(destination, 6400, 101)];

        Assert.That(async () => await Dma.CopyAsync(from, to, Timeout), Throws.Nothing);
        to[^1] = new(source, 4050, 101);
        Assert.That(async () => await Dma.CopyAsync(from, to, Timeout), Throws.ArgumentException.With.Message.Contains("overlap"));
        to[^1] = new(source, 10, 101);
        Assert.That(async () => await Dma.CopyAsync(from, to, Timeout), Throws.ArgumentException.With.Message.Contains("overlap"));
    }

    [TestCase(0, 0, 0)]
    [TestCase(0, 0, -1)]
    [TestCase(-1, 0, 1)]
    [TestCase(0, -1, 1)]
    [TestCase(0, 1, Length)]
    [TestCase(Length, 0, 1)]
    [TestCase(0, 0, 1L << 30)]
    [TestCase(long.MaxValue, 0, long.MaxValue)]
    public void A_part_that_is_empty_or_outside_of_its_buffer_is_refused(long from, long to, long length)
    {
        using var source = DmaHeap.Cma.Allocate(Length);
        using var destination = DmaHeap.Cma.Allocate(Length);

        Assert.That(() => Dma.CopyAsync(source, from, destination, to, length, Timeout), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Sides_of_different_lengths_are_refused()
    {
        using var source = DmaHeap.Cma.Allocate(Length);
        using var destination = DmaHeap.Cma.Allocate(2 * Length);

        Assert.That(() => Dma.CopyAsync(source, destination, Timeout),
            Throws.ArgumentException.With.Message.Contains($"{Length} bytes long and the destination {2 * Length}"));
        Assert.That(() => Dma.CopyAsync([new(source, 0, 10)], [new(destination, 0, 5), new(destination, 5, 6)], Timeout),
            Throws.ArgumentException);
    }

    [Test]
    public void Segments_of_nothing_are_refused()
    {
        using var buffer = DmaHeap.Cma.Allocate(Length);
        DmaSegment[] one = [new(buffer, 0, 1)];

        Assert.That(() => Dma.CopyAsync([], [], Timeout), Throws.ArgumentException);
        Assert.That(() => Dma.CopyAsync(one, [default], Timeout), Throws.ArgumentException);
        Assert.That(() => Dma.CopyAsync(null!, one, Timeout), Throws.ArgumentNullException);
        Assert.That(() => Dma.CopyAsync((DmaBuf)null!, buffer, Timeout), Throws.ArgumentNullException);
    }

    [Test]
    public void A_mapping_for_the_other_direction_is_refused()
    {
        using var source = DmaHeap.Cma.Allocate(Length);
        using var destination = DmaHeap.Cma.Allocate(Length);
        using var outgoing = Dma.Device.Import(source, DmaDirection.ToDevice);
        using var incoming = Dma.Device.Import(destination, DmaDirection.FromDevice);

        Assert.That(() => Dma.CopyAsync(incoming, outgoing, Timeout),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("source"));
        Assert.That(() => Dma.CopyAsync(outgoing, outgoing, Timeout),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("destination"));
    }

    [Test, Category(Needs.GenericUio)]
    public void A_mapping_of_another_channel_is_refused()
    {
        using var other = UioDevice.Open(UioDeviceId.FromName("zdma1"));
        using var source = DmaHeap.Cma.Allocate(Length);
        using var destination = DmaHeap.Cma.Allocate(Length);
        using var from = other.Import(source, DmaDirection.ToDevice);
        using var to = Dma.Device.Import(destination, DmaDirection.FromDevice);

        Assert.That(() => Dma.CopyAsync(from, to, Timeout), Throws.ArgumentException.With.Message.Contains(other.Info.DevicePath));
    }

    [Test]
    public void A_mapping_that_has_ended_is_refused()
    {
        using var source = DmaHeap.Cma.Allocate(Length);
        using var destination = DmaHeap.Cma.Allocate(Length);
        using var from = Dma.Device.Import(source, DmaDirection.ToDevice);
        var to = Dma.Device.Import(destination, DmaDirection.FromDevice);
        to.Dispose();

        Assert.That(async () => await Dma.CopyAsync(from, to, Timeout), Throws.InstanceOf<ObjectDisposedException>());
        AssertFree(source);
    }

    [Test]
    public void A_buffer_that_the_CPU_is_in_is_refused()
    {
        using var source = DmaHeap.Cma.Allocate(Length);
        using var destination = DmaHeap.Cma.Allocate(Length);
        using var from = Dma.Device.Import(source, DmaDirection.ToDevice);
        using var to = Dma.Device.Import(destination, DmaDirection.FromDevice);
        using var memory = destination.BeginMemoryAccess(CpuAccessMode.Read);

        Assert.That(async () => await Dma.CopyAsync(from, to, Timeout), Throws.InvalidOperationException);
        AssertFree(source);
    }

    [Test]
    public void A_timeout_that_is_negative_is_refused()
    {
        using var source = DmaHeap.Cma.Allocate(Length);
        using var destination = DmaHeap.Cma.Allocate(Length);

        Assert.That(() => Dma.CopyAsync(source, destination, TimeSpan.FromSeconds(-5)), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public async Task A_buffer_that_the_program_has_imported_itself_is_EBUSY()
    {
        using var source = DmaHeap.Cma.Allocate(Length);
        using var destination = DmaHeap.Cma.Allocate(Length);
        using var mapping = Dma.Device.Import(source, DmaDirection.ToDevice);

        var error = (await Assert.ThrowsAsync<UioException>(async () => await Dma.CopyAsync(source, destination, Timeout)))!;

        Assert.That(error.Errno, Is.EqualTo(LibC.EBUSY));
        Assert.That(error.Remedy, Does.Contain(nameof(DmaMapping)));
    }
}
