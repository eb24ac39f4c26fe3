using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Devices;

internal sealed class ZynqMpDmaTests : ZynqMpDmaTest
{
    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(50);

    [Test]
    public async Task A_copy_arrives_with_one_interrupt()
    {
        using var source = Filled(seed: 1);
        using var destination = DmaHeap.Cma.Allocate(Length);
        for (var round = 2; round < 5; round++)
        {
            var pattern = Buffers.Pattern(Length, seed: round);
            Buffers.Fill(source, pattern);

            var count = await Dma.CopyAsync(source, destination, Timeout);

            Assert.That(count.SinceLastWait, Is.EqualTo(1));
            Assert.That(Buffers.Read(destination, Length), Is.EqualTo(pattern));
        }
    }

    // UG1085, "Implementation Notes": addresses need no alignment.
    [TestCase(0, 1, 1)]
    [TestCase(1, 0, 4096)]
    [TestCase(3, 13, 4099)]
    [TestCase(4095, 1, 2)]
    public async Task Any_alignment_is_copied_and_nothing_around_it(int from, int to, int length)
    {
        using var source = Filled(seed: 5);
        using var destination = Filled(seed: 6);
        var expected = Buffers.Pattern(Length, seed: 6);
        Buffers.Pattern(Length, seed: 5).AsSpan(from, length).CopyTo(expected.AsSpan(to));

        await Dma.CopyAsync(source, from, destination, to, length, Timeout);

        Assert.That(Buffers.Read(destination, Length), Is.EqualTo(expected));
    }

    [Test]
    public async Task A_part_of_a_buffer_is_copied_to_another_part_of_it()
    {
        using var buffer = Filled(seed: 7);
        var half = Length / 2;

        await Dma.CopyAsync(buffer, 0, buffer, half, half, Timeout);

        var bytes = Buffers.Read(buffer, Length);
        Assert.That(bytes[half..], Is.EqualTo(bytes[..half]));
    }

    // No IOMMU on these boards: each piece is a range, and gets a descriptor.
    [Test, Category(Needs.Direct), Category(Needs.Handles), Category(Needs.Udmabuf)]
    public async Task A_buffer_in_pieces_is_copied()
    {
        // Emulated, a megabyte takes seconds: a part across the end of the first piece is enough.
        const int length = 4 << 20, part = 256 << 10;
        using var pieces = DmaBuf.AllocateFromMemfd(length);
        using var destination = DmaHeap.Cma.Allocate(length);
        var pattern = Buffers.Pattern(length, seed: 71);
        Buffers.Fill(pieces, pattern);
        using var mapping = Dma.Device.Import(pieces, DmaDirection.Bidirectional);
        Assert.That(mapping.RangeCount, Is.GreaterThan(1), "nothing is tested by a buffer in one piece");
        using var to = Dma.Device.Import(destination, DmaDirection.Bidirectional);
        var offset = Math.Max(0, (int)mapping.Ranges[0].Length - (part / 2));

        Assert.That((await Dma.CopyAsync(mapping, offset, to, 0, part, Timeout)).SinceLastWait, Is.EqualTo(1));
        Assert.That(Buffers.Read(destination, part), Is.EqualTo(pattern[offset..(offset + part)]));

        var other = Buffers.Pattern(length, seed: 72);
        Buffers.Fill(destination, other);
        await Dma.CopyAsync(to, 0, mapping, offset + 100, part - 100, Timeout);
        Assert.That(Buffers.Read(pieces, length)[(offset + 100)..(offset + part)], Is.EqualTo(other[..(part - 100)]));
    }

    [Test]
    public async Task Mappings_of_the_caller_are_copied()
    {
        using var source = Filled(seed: 8);
        using var destination = DmaHeap.Cma.Allocate(Length);
        using var from = Dma.Device.Import(source, DmaDirection.ToDevice);
        using var to = Dma.Device.Import(destination, DmaDirection.FromDevice);

        await Dma.CopyAsync(from, to, Timeout);
        Assert.That(Buffers.Read(destination, Length), Is.EqualTo(Buffers.Pattern(Length, seed: 8)));

        await Dma.CopyAsync(from, 100, to, 0, 10, Timeout);
        Assert.That(Buffers.Read(destination, 10), Is.EqualTo(Buffers.Pattern(Length, seed: 8)[100..110]));
        Assert.That(Attachments, Is.EqualTo(2));
    }

    [Test]
    public async Task Segments_are_copied_although_the_sides_are_cut_differently()
    {
        using var source = Filled(seed: 9);
        using var destination = Filled(seed: 10);
        using var other = Filled(seed: 11);
        var pattern = Buffers.Pattern(Length, seed: 9);

        await Dma.CopyAsync(
            [new(source, 0, 1000), new(source, 5000, 1), new(source, 9001, 999)],
            [new(destination, 7, 500), new(other, 0, 1500)],
            Timeout);

        byte[] copied = [.. pattern[..1000], pattern[5000], .. pattern[9001..10000]];
        Assert.That(Buffers.Read(destination, Length)[7..507], Is.EqualTo(copied[..500]));
        Assert.That(Buffers.Read(other, 1500), Is.EqualTo(copied[500..]));
        Assert.That(Buffers.Read(destination, Length)[507..], Is.EqualTo(Buffers.Pattern(Length, seed: 10)[507..]));
    }

    // More than the list's first page holds, and fewer again afterwards.
    [Test]
    public async Task The_descriptor_list_grows()
    {
        using var source = Filled(seed: 12);
        using var destination = DmaHeap.Cma.Allocate(Length);
        foreach (var pieces in (int[])[2, 600, 3])
        {
            Buffers.Fill(source, Buffers.Pattern(Length, seed: pieces));
            var length = Length / pieces;
            var cut = Enumerable.Range(0, pieces).Select(i => new DmaSegment(source, i * length, length)).ToArray();

            var count = await Dma.CopyAsync(cut, [new DmaSegment(destination, 0, length * pieces)], Timeout);

            Assert.That(count.SinceLastWait, Is.EqualTo(1));
            Assert.That(Buffers.Read(destination, length * pieces), Is.EqualTo(Buffers.Read(source, length * pieces)));
        }
    }

    // No machine here has buffers beyond 2^30 bytes, so the limit is lowered instead.
    [Test]
    public async Task A_copy_longer_than_a_descriptor_takes_several()
    {
        Dma.LongestDescriptor = 1000;
        using var source = Filled(seed: 13);
        using var destination = DmaHeap.Cma.Allocate(Length);

        await Dma.CopyAsync(source, destination, Timeout);

        Assert.That(Buffers.Read(destination, Length), Is.EqualTo(Buffers.Pattern(Length, seed: 13)));
        Assert.That(Attachments, Is.EqualTo(3), "the descriptors have a buffer of their own");
    }

    [Test]
    public async Task Copies_that_are_begun_together_take_turns()
    {
        using var source = Filled(seed: 14);
        var destinations = Enumerable.Range(0, 16).Select(_ => DmaHeap.Cma.Allocate(Length)).ToArray();

        var counts = await Task.WhenAll(destinations.Select(destination =>
            Task.Run(() => Dma.CopyAsync(source, destination, Timeout).AsTask())));

        Assert.That(counts.Select(count => count.SinceLastWait), Is.All.EqualTo(1));
        foreach (var destination in destinations)
        {
            Assert.That(Buffers.Read(destination, Length), Is.EqualTo(Buffers.Pattern(Length, seed: 14)));
            destination.Dispose();
        }
    }

    [Test]
    public async Task The_wait_for_the_turn_counts_in_the_timeout_and_stops_nothing()
    {
        using var source = Filled(seed: 15);
        using var destination = DmaHeap.Cma.Allocate(Length);
        using var cancel = new CancellationTokenSource();
        ByHand.KeepDoneQuiet();
        var first = Dma.CopyAsync(source, destination, Timeout, cancel.Token).AsTask();

        var error = (await Assert.ThrowsAsync<TimeoutException>(async () => await Dma.CopyAsync(source, destination, s_short)))!;

        Assert.That(error.Message, Does.Contain("other transfers"));
        Assert.That(first.IsCompleted, Is.False);
        cancel.Cancel();
        Assert.That(async () => await first, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task A_buffer_stays_imported_between_copies_until_it_is_disposed()
    {
        var source = Filled(seed: 16);
        using var destination = DmaHeap.Cma.Allocate(Length);
        using var log = new EventLog();

        for (var i = 0; i < 3; i++)
            await Dma.CopyAsync(source, destination, Timeout);
        Assert.That(log.Of("Imported"), Has.Count.EqualTo(2));

        source.Dispose();
        Assert.That(Attachments, Is.EqualTo(1));
        Assert.That(async () => await Dma.CopyAsync(source, destination, Timeout), Throws.InstanceOf<ObjectDisposedException>());

        Assert.That(Dma.Release(destination), Is.True);
        Assert.That(Dma.Release(destination), Is.False);
        Assert.That(Attachments, Is.Zero);
    }

    [Test]
    public async Task A_full_cache_drops_the_least_recently_used_buffer()
    {
        var buffers = Enumerable.Range(0, ZynqMpDma.CachedBuffers + 1).Select(_ => DmaHeap.Cma.Allocate(4096)).ToArray();
        for (var i = 1; i < ZynqMpDma.CachedBuffers; i++)
            await Dma.CopyAsync(buffers[0], buffers[i], Timeout);
        Assert.That(Attachments, Is.EqualTo(ZynqMpDma.CachedBuffers));

        await Dma.CopyAsync(buffers[0], buffers[^1], Timeout);

        Assert.That(Attachments, Is.EqualTo(ZynqMpDma.CachedBuffers));
        Assert.That(Dma.Release(buffers[1]), Is.False, "the oldest");
        Assert.That(Dma.Release(buffers[0]), Is.True, "first imported, last used");
        Array.ForEach(buffers, buffer => buffer.Dispose());
        Assert.That(Attachments, Is.Zero);
    }

    // Whoever disposes it cannot do anything about it, and neither can a copy that needs the room.
    [Test, Category(Needs.Handles)]
    public async Task A_buffer_that_another_holder_detached_is_reported_and_disturbs_no_other()
    {
        var source = Filled(seed: 27);
        using var destination = DmaHeap.Cma.Allocate(Length);
        await Dma.CopyAsync(source, destination, Timeout);
        using (var file = Descriptors.DuplicateOf(Dma.Device.Info.DevicePath))
            Assert.That(Enumerable.Range(1, 8).Count(handle => RawHandles.Detach(file, (uint)handle) == 0), Is.EqualTo(2));
        using var log = new EventLog();

        source.Dispose();

        Assert.That(log.Of("EndingFailed").Single().Payload![1], Does.Contain("ENOENT"));
        Assert.That(Dma.Release(destination), Is.True);
        using var other = Filled(seed: 28);
        await Dma.CopyAsync(other, destination, Timeout);
        Assert.That(Buffers.Read(destination, Length), Is.EqualTo(Buffers.Pattern(Length, seed: 28)));
    }

    [Test]
    public void A_buffer_that_is_disposed_during_its_copy_stays_until_the_end_of_that()
    {
        var source = Filled(seed: 17);
        using var destination = DmaHeap.Cma.Allocate(Length);
        using var cancel = new CancellationTokenSource();
        ByHand.KeepDoneQuiet();
        var copy = Dma.CopyAsync(source, destination, Timeout, cancel.Token).AsTask();

        source.Dispose();
        Assert.That(Attachments, Is.EqualTo(2), "the channel may be reading it");

        cancel.Cancel();
        Assert.That(async () => await copy, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Attachments, Is.EqualTo(1));
    }

    [Test]
    public async Task Without_an_interrupt_a_copy_times_out_and_its_buffers_are_free()
    {
        using var source = Filled(seed: 18);
        using var destination = DmaHeap.Cma.Allocate(Length);
        ByHand.KeepDoneQuiet();

        var error = (await Assert.ThrowsAsync<TimeoutException>(async () => await Dma.CopyAsync(source, destination, s_short)))!;

        Assert.That(error.Message, Does.Contain("its interrupt did not arrive").And.Contains("ZDMA_CH_IMR 0xc3e"));
        Assert.That(Dma.IsBusy, Is.False);
        AssertFree(source, destination);
        Assert.That((await Dma.CopyAsync(source, destination, Timeout)).SinceLastWait, Is.EqualTo(1), "and it works again");
    }

    [Test]
    public async Task A_copy_that_is_cancelled_has_stopped_and_its_buffers_are_free()
    {
        using var source = Filled(seed: 19);
        using var destination = DmaHeap.Cma.Allocate(Length);
        using var cancel = new CancellationTokenSource();
        ByHand.KeepDoneQuiet();
        var copy = Dma.CopyAsync([new(source, 0, 100), new(source, 200, 100)], [new(destination, 0, 200)], Timeout, cancel.Token).AsTask();
        Assert.That(() => { destination.BeginAccess(CpuAccessMode.Read); }, Throws.InvalidOperationException,
            "the channel may be writing it");

        cancel.Cancel();

        Assert.That(async () => await copy,
            Throws.InstanceOf<OperationCanceledException>().With.Property("CancellationToken").EqualTo(cancel.Token));
        AssertFree(source, destination);
        await Dma.CopyAsync(source, destination, Timeout);
        Assert.That(Buffers.Read(destination, Length), Is.EqualTo(Buffers.Pattern(Length, seed: 19)));
    }

    [Test]
    public void A_token_that_is_cancelled_before_starts_nothing()
    {
        using var source = Filled(seed: 20);
        using var destination = DmaHeap.Cma.Allocate(Length);

        Assert.That(async () => await Dma.CopyAsync(source, destination, Timeout, new CancellationToken(canceled: true)),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Buffers.Read(destination, Length), Is.All.Zero);
    }

    [Test]
    public async Task An_error_of_the_channel_is_an_exception_with_its_cause()
    {
        using var source = Filled(seed: 21);
        using var destination = DmaHeap.Cma.Allocate(Length);
        ByHand.KeepDoneQuiet();
        var copy = Dma.CopyAsync(source, destination, Timeout).AsTask();

        ByHand.ProvokeError();

        var error = (await Assert.ThrowsAsync<ZynqMpDmaException>(async () => await copy))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error, Is.InstanceOf<IOException>());
            Assert.That(error.Events, Is.EqualTo(ZynqMpDmaEvents.InvalidRegister | ZynqMpDmaEvents.Done));
            Assert.That(error.Message, Does.Contain("InvalidRegister (ZDMA_CH_ISR 0x401)").And.Contains(Dma.Device.Info.DevicePath));
        }
        AssertFree(source, destination);
        await Dma.CopyAsync(source, destination, Timeout);
    }

    [Test]
    public void A_channel_that_somebody_left_paused_is_brought_to_rest()
    {
        ByHand.PauseIt();
        Assert.That(Dma.IsBusy, Is.True, "QEMU's word for it");

        Dma.Quiesce();

        Assert.That(Dma.IsBusy, Is.False);
        using var source = Filled(seed: 22);
        using var destination = DmaHeap.Cma.Allocate(Length);
        Assert.That(async () => await Dma.CopyAsync(source, destination, Timeout), Throws.Nothing);
    }

    [Test]
    public void A_channel_that_stays_busy_is_not_opened()
    {
        ByHand.HangIt();
        Assert.That(Dma.Quiesce, Throws.InstanceOf<TimeoutException>());
        Dma.Dispose();

        Assert.That(() => ZynqMpDma.Open(Id), Throws.InstanceOf<TimeoutException>().With.Message.Contains("still busy"));

        using (var device = UioDevice.Open(Id))
            new ZdmaByHand(device).FreeIt();
        ZynqMpDma.Open(Id).Dispose();
    }

    [Test]
    public async Task Buffers_of_a_channel_that_stays_busy_stay_where_they_are()
    {
        using var source = Filled(seed: 26);
        using var destination = DmaHeap.Cma.Allocate(Length);
        using var cancel = new CancellationTokenSource();
        ByHand.KeepDoneQuiet();
        var copy = Dma.CopyAsync(source, destination, Timeout, cancel.Token).AsTask();
        ByHand.HangIt();

        cancel.Cancel();
        Assert.That(async () => await copy, Throws.InstanceOf<OperationCanceledException>());

        Assert.That(() => { destination.BeginAccess(CpuAccessMode.Read); }, Throws.InvalidOperationException);
        using var other = Filled(seed: 27);
        using var another = DmaHeap.Cma.Allocate(Length);
        Assert.That(async () => await Dma.CopyAsync(other, another, Timeout),
            Throws.InvalidOperationException.With.Message.Contains("still busy"));

        ByHand.FreeIt();
        await Dma.CopyAsync(other, another, Timeout);
        Assert.That(Buffers.Read(another, Length), Is.EqualTo(Buffers.Pattern(Length, seed: 27)), "it works again");
        Dma.Dispose();
        AssertFree(source, destination);
    }

    [Test]
    public void Disposing_the_channel_ends_the_copies_that_are_under_way_and_those_that_wait()
    {
        using var source = Filled(seed: 23);
        using var destination = DmaHeap.Cma.Allocate(Length);
        ByHand.KeepDoneQuiet();
        var copies = Enumerable.Range(0, 3).Select(_ =>
            Dma.CopyAsync(source, destination, System.Threading.Timeout.InfiniteTimeSpan).AsTask()).ToArray();

        Dma.Dispose();
        Dma.Dispose();

        foreach (var copy in copies)
            Assert.That(async () => await copy.WaitAsync(Timeout), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(Attachments, Is.Zero);
        AssertFree(source, destination);
        Assert.That(async () => await Dma.CopyAsync(source, destination, Timeout), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Ending_a_mapping_stops_the_copy_that_uses_it()
    {
        Dma.Dispose();
        OpenChannel(new UioOpenOptions { TransferTimeout = TimeSpan.Zero });
        using var source = Filled(seed: 24);
        using var destination = DmaHeap.Cma.Allocate(Length);
        using var from = Dma.Device.Import(source, DmaDirection.ToDevice);
        var to = Dma.Device.Import(destination, DmaDirection.FromDevice);
        ByHand.KeepDoneQuiet();
        var copy = Dma.CopyAsync(from, to, System.Threading.Timeout.InfiniteTimeSpan).AsTask();

        to.Dispose();

        AssertFree(destination);
        Assert.That(Attachments, Is.EqualTo(1));
        Assert.That(async () => await copy.WaitAsync(Timeout),
            Throws.InstanceOf<TransferStoppedException>().With.Message.Contains("was stopped"));
    }

    // The library ends its own mappings before it closes the file; one made behind its back is still there.
    [Test, Category(Needs.Handles)]
    public void The_kernel_knows_how_to_stop_the_channel()
    {
        var shared = new UioOpenOptions { IsExclusive = false };
        Dma.Dispose();
        OpenChannel(shared);
        using var buffer = Filled(seed: 1);
        using var handle = buffer.DuplicateHandle();
        using var file = Descriptors.DuplicateOf(Dma.Device.Info.DevicePath);
        RawHandles.Attached(file, handle);
        Dma.Dispose();
        using var observer = UioDevice.Open(Id, shared);
        var channel = new ZdmaByHand(observer);
        Assert.That(channel.InterruptsAreDisabled, Is.False);

        file.Dispose();

        Assert.That(channel.InterruptsAreDisabled, Is.True);
        Assert.That(Attachments, Is.Zero);
    }

    [Test]
    public async Task A_copy_between_buffers_that_are_imported_allocates_nothing()
    {
        const int rounds = 200;
        const int attempts = 6;
        using var source = Filled(seed: 25, length: 4096);
        using var destination = DmaHeap.Cma.Allocate(4096);
        await Run(100);
        var least = long.MaxValue;

        // Whoever else runs meanwhile can only add to it. The smallest object there is has 24 bytes.
        for (var i = 0; i < attempts && least >= rounds; i++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            await Run(rounds);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.That(least / rounds, Is.LessThan(24), $"{least} bytes in {rounds} copies");

        async Task Run(int count)
        {
            for (var i = 0; i < count; i++)
                await Dma.CopyAsync(source, destination, Timeout);
        }
    }
}
