using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Logic;

/// <summary>How a core of the logic was built, and how our driver opens it.</summary>
public sealed record AxiDmaCore(string Name, string Node, string? Peer, bool HasScatterGather, AxiDmaOptions Options)
{
    private static readonly AxiDmaOptions s_fromTree = new();

    internal static AxiDmaCore[] All =>
    [
        new("direct", "dma-direct", null, false, s_fromTree),
        new("scatter-gather", "dma-sg", null, true, s_fromTree),
        new("64 bits, a node each", "dma-wide-mm2s", "dma-wide-s2mm", true, new AxiDmaOptions
            { AddressWidth = 64, HasDataRealignment = true }),
        Polled,
    ];

    /// <summary>Those that receive for ever.</summary>
    internal static AxiDmaCore[] Streaming => [.. All.Where(core => core.HasScatterGather)];

    /// <summary>One whose interrupts are not connected.</summary>
    internal static AxiDmaCore Polled { get; } =
        new("polled", "dma-polled", null, true, new AxiDmaOptions { PollInterval = TimeSpan.FromMilliseconds(1) });

    /// <summary>QEMU's own model, which knows less; see tests/logic/cores/xlnx-axi-dma.c.</summary>
    internal static AxiDmaCore Qemus { get; } =
        new("QEMU's own", "dma-qemu-mm2s", "dma-qemu-s2mm", true, new AxiDmaOptions { HasScatterGather = true, CountsBytes = false });

    public AxiDma Open(UioOpenOptions? options = null) => Peer is null
        ? AxiDma.Open(UioDeviceId.FromName(Node), Options with { Open = options })
        : AxiDma.Open(UioDeviceId.FromName(Node), UioDeviceId.FromName(Peer), Options with { Open = options });

    public StreamingAxiDma OpenStreaming(bool isCyclic = false) => Peer is null
        ? StreamingAxiDma.Open(UioDeviceId.FromName(Node), Options, isCyclic)
        : StreamingAxiDma.Open(UioDeviceId.FromName(Node), UioDeviceId.FromName(Peer), Options, isCyclic);

    public AxiDmaRings OpenRings() => Peer is null
        ? AxiDmaRings.Open(UioDeviceId.FromName(Node), Options)
        : AxiDmaRings.Open(UioDeviceId.FromName(Node), UioDeviceId.FromName(Peer), Options);

    /// <summary>How many buffers the channels have.</summary>
    public static int AttachmentsOf(params UioDevice[] channels) =>
        channels.Select(device => device.Info.ParentName).Distinct().Sum(DmaBufTable.AttachmentsOf);

    public override string ToString() => Name;
}

/// <summary>Our driver of the AXI DMA on cores whose stream comes back to them.</summary>
[Category(Needs.Logic), Category(Needs.Handles)]
[TestFixtureSource(typeof(AxiDmaCore), nameof(AxiDmaCore.All))]
internal sealed class AxiDmaTests(AxiDmaCore core)
{
    private const int Length = 8192;
    private static readonly TimeSpan s_timeout = Bound.Long;
    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(50);

    private AxiDma _dma = null!;
    private DmaBuf _source = null!;
    private DmaBuf _destination = null!;

    private int Attachments => AxiDmaCore.AttachmentsOf(_dma.Sender.Device, _dma.Receiver.Device);

    // Its ring of descriptors is imported, too.
    private int RingsPerChannel => core.HasScatterGather ? 1 : 0;

    [SetUp]
    public void OpenCore()
    {
        _dma = core.Open();
        _source = DmaHeap.Cma.Allocate(Length);
        Buffers.Fill(_source, Buffers.Pattern(Length, seed: 1));
        _destination = DmaHeap.Cma.Allocate(Length);
    }

    [TearDown]
    public void CloseCore()
    {
        _dma.Dispose();
        Assert.That(Attachments, Is.Zero);
        AssertFree(_source, _destination);
        _source.Dispose();
        _destination.Dispose();
    }

    [Test]
    public async Task A_packet_sent_is_received()
    {
        for (var seed = 2; seed < 5; seed++)
            await LoopedPacket.AssertArrivesAsync(_dma, _source, _destination, seed);
    }

    [Test]
    public async Task Memory_that_it_allocates_is_sent_and_received()
    {
        using var samples = _dma.Allocate<uint>(1000, DmaDirection.ToDevice);
        using var result = _dma.Allocate<uint>(1000, DmaDirection.FromDevice);
        uint[] data = [.. Enumerable.Range(1, 1000).Select(i => (uint)i * 0x01020304)];
        samples.Write(data);

        var received = _dma.ReceiveAsync(result, s_timeout);
        await _dma.SendAsync(samples, s_timeout);

        Assert.That(await received, Is.EqualTo(4000));
        Assert.That(result.ToArray(), Is.EqualTo(data));
    }

    [Test]
    public void A_transfer_of_no_bytes_is_refused()
    {
        Assert.That(() => new DmaSegment(_source, 0, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        foreach (var parts in (DmaSegment[][])[[], [default], [new(_source, 0, 4), default]])
        {
            Assert.That(() => _dma.SendAsync(parts, s_timeout), Throws.ArgumentException.With.Message.Contains("parts"));
            Assert.That(() => _dma.ReceiveAsync(parts, s_timeout), Throws.ArgumentException.With.Message.Contains("parts"));
        }
        Assert.That(() => _dma.SendAsync(default(DmaSegment), s_timeout), Throws.ArgumentException.With.Message.Contains("part"));
        Assert.That(Attachments, Is.Zero);
    }

    [Test]
    public void Memory_for_both_channels_takes_one_device()
    {
        if (core.Peer is not null)
        {
            Assert.That(
                () => _dma.Allocate<uint>(16, DmaDirection.Bidirectional), Throws.ArgumentException.With.Message.Contains("one direction"));
            return;
        }

        using var both = _dma.Allocate<uint>(16, DmaDirection.Bidirectional);
        Assert.That(both.Mapping.Direction, Is.EqualTo(DmaDirection.Bidirectional));
    }

    [Test]
    public async Task A_send_waits_for_its_receive()
    {
        var sent = _dma.SendAsync(_source, s_timeout).AsTask();

        await _dma.ReceiveAsync(_destination, s_timeout);

        Assert.That(await sent, Is.EqualTo(Length));
        Assert.That(Buffers.Read(_destination, Length), Is.EqualTo(Buffers.Pattern(Length, seed: 1)));
    }

    [Test]
    public async Task A_packet_may_be_shorter_than_the_memory_and_says_so()
    {
        for (var packet = 1; packet < 4; packet++)
        {
            var received = _dma.ReceiveAsync(_destination, s_timeout);
            await _dma.SendAsync(new DmaSegment(_source, 0, 1000 * packet), s_timeout);

            Assert.That(await received, Is.EqualTo(1000 * packet));
            Assert.That(Buffers.Read(_destination, Length)[..(1000 * packet)],
                Is.EqualTo(Buffers.Pattern(Length, seed: 1)[..(1000 * packet)]));
        }
    }

    [Test]
    public async Task Parts_make_one_packet_with_scatter_gather_and_are_refused_without()
    {
        DmaSegment[] from = [new(_source, 4096, 1024), new(_source, 0, 512), new(_source, 2048, 64)];
        if (!core.HasScatterGather)
        {
            Assert.That(() => _dma.SendAsync(from, s_timeout), Throws.ArgumentException.With.Message.Contains("without scatter-gather"));
            return;
        }

        var received = _dma.ReceiveAsync([new DmaSegment(_destination, 4096, 100), new DmaSegment(_destination, 0, 4096)], s_timeout);
        await _dma.SendAsync(from, s_timeout);

        Assert.That(await received, Is.EqualTo(1600));
        var pattern = Buffers.Pattern(Length, seed: 1);
        byte[] packet = [.. pattern[4096..5120], .. pattern[..512], .. pattern[2048..2112]];
        var destination = Buffers.Read(_destination, Length);
        Assert.That((byte[])[.. destination[4096..4196], .. destination[..1500]], Is.EqualTo(packet));
        Assert.That(destination[1500..4096], Is.All.Zero);
    }

    // Of one buffer, cut by the length register, and more parts than the first ring has descriptors.
    [Test]
    public async Task A_packet_longer_than_the_length_register_takes_scatter_gather()
    {
        const int Long = 1 << 21;
        using var source = DmaHeap.Cma.Allocate(Long);
        using var destination = DmaHeap.Cma.Allocate(Long);
        Buffers.Fill(source, Buffers.Pattern(Long, seed: 6));
        if (!core.HasScatterGather)
        {
            Assert.That(() => _dma.SendAsync(source, s_timeout),
                Throws.ArgumentException.With.Message.Contains("16 bits: 65535 bytes").And.Message.Contains("LengthWidth"));
            Assert.That(() => _dma.ReceiveAsync(source, s_timeout), Throws.ArgumentException.With.Message.Contains("16 bits: 65535 bytes"));
            return;
        }

        var received = _dma.ReceiveAsync(destination, s_timeout);
        await _dma.SendAsync(source, s_timeout);

        Assert.That(await received, Is.EqualTo(Long));
        Assert.That(Buffers.Read(destination, Long).AsSpan().SequenceEqual(Buffers.Pattern(Long, seed: 6)), Is.True);
    }

    [Test]
    public async Task An_unaligned_address_takes_data_realignment_and_is_refused_without()
    {
        if (!core.Options.HasDataRealignment)
        {
            Assert.That(() => _dma.SendAsync(new DmaSegment(_source, 2, 100), s_timeout),
                Throws.ArgumentException.With.Message.Contains("multiples of 4 bytes"));
            Assert.That(Attachments, Is.Zero);
            return;
        }

        var received = _dma.ReceiveAsync(new DmaSegment(_destination, 3, 4000), s_timeout);
        await _dma.SendAsync(new DmaSegment(_source, 1, 777), s_timeout);

        Assert.That(await received, Is.EqualTo(777));
        Assert.That(Buffers.Read(_destination, Length)[3..780], Is.EqualTo(Buffers.Pattern(Length, seed: 1)[1..778]));
    }

    [Test]
    public async Task A_packet_that_does_not_come_times_out_and_the_channel_is_usable_afterwards()
    {
        var error = (await Assert.ThrowsAsync<TimeoutException>(async () => await _dma.ReceiveAsync(_destination, s_short)))!;

        Assert.That(error.Message, Does.Contain("S2MM").And.Contains("TLAST"));
        AssertFree(_destination);
        await SendAndReceive();
    }

    [Test]
    public async Task A_send_without_a_receiver_times_out_and_the_channel_is_usable_afterwards()
    {
        var error = (await Assert.ThrowsAsync<TimeoutException>(async () => await _dma.SendAsync(_source, s_short)))!;

        Assert.That(error.Message, Does.Contain("MM2S").And.Contains("TREADY"));
        AssertFree(_source);
        await SendAndReceive();
    }

    [Test]
    public async Task A_transfer_that_is_cancelled_has_stopped_and_its_buffer_is_free()
    {
        using var cancel = new CancellationTokenSource();
        var received = _dma.ReceiveAsync(_destination, Timeout.InfiniteTimeSpan, cancel.Token).AsTask();
        Assert.That(() => { _destination.BeginAccess(CpuAccessMode.Read); }, Throws.InvalidOperationException,
            "the channel may be writing it");

        cancel.Cancel();

        Assert.That(async () => await received,
            Throws.InstanceOf<OperationCanceledException>().With.Property("CancellationToken").EqualTo(cancel.Token));
        AssertFree(_destination);
        await SendAndReceive();
    }

    [Test]
    public async Task A_packet_that_is_longer_than_the_memory_is_an_error_or_never_ends()
    {
        var received = _dma.ReceiveAsync(new DmaSegment(_destination, 0, 1024), TimeSpan.FromSeconds(1)).AsTask();
        var sent = _dma.SendAsync(_source, s_timeout).AsTask();

        if (core.HasScatterGather)
            Assert.That(async () => await received, Throws.InstanceOf<TimeoutException>().With.Message.Contains("longer than the memory"));
        else
            Assert.That(async () => await received,
                Throws.InstanceOf<AxiDmaException>().With.Message.Contains("longer than the memory").And.Property("Status").EqualTo(
                AxiDmaStatus.InternalError | AxiDmaStatus.Halted | AxiDmaStatus.Error));

        Assert.That(async () => await sent, Throws.InstanceOf<TransferStoppedException>(), "one reset is for both");
        Assert.That(Buffers.Read(_destination, Length)[1024..], Is.All.Zero);
        await SendAndReceive();
    }

    [Test]
    public async Task Transfers_that_are_begun_together_take_turns()
    {
        var destinations = Enumerable.Range(0, 8).Select(_ => DmaHeap.Cma.Allocate(4096)).ToArray();
        var receives = destinations.Select(buffer => Task.Run(() => _dma.ReceiveAsync(buffer, s_timeout).AsTask())).ToArray();
        var sends = destinations.Select(_ => Task.Run(() =>
            _dma.SendAsync(new DmaSegment(_source, 0, 4096), s_timeout).AsTask())).ToArray();

        Assert.That(await Task.WhenAll([.. receives, .. sends]), Is.All.EqualTo(4096));
        foreach (var buffer in destinations)
        {
            Assert.That(Buffers.Read(buffer, 4096), Is.EqualTo(Buffers.Pattern(Length, seed: 1)[..4096]));
            buffer.Dispose();
        }
    }

    [Test]
    public async Task A_reset_under_load_fails_both_transfers_and_the_core_is_usable_afterwards()
    {
        var received = _dma.ReceiveAsync(_destination, Timeout.InfiniteTimeSpan).AsTask();

        _dma.Sender.Quiesce();

        Assert.That(async () => await received, Throws.InstanceOf<TransferStoppedException>().With.Message.Contains("MM2S"));
        await SendAndReceive();
    }

    [Test]
    public void Disposing_it_ends_transfers_that_are_under_way_and_those_that_wait()
    {
        var transfers = Enumerable.Range(0, 3).Select(_ => _dma.ReceiveAsync(_destination, Timeout.InfiniteTimeSpan).AsTask()).ToArray();

        _dma.Dispose();
        _dma.Dispose();

        foreach (var transfer in transfers)
            Assert.That(async () => await transfer.WaitAsync(s_timeout),
                Throws.InstanceOf<ObjectDisposedException>().Or.InstanceOf<TransferStoppedException>());
        Assert.That(async () => await _dma.SendAsync(_source, s_timeout), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public async Task Buffers_stay_imported_between_transfers_until_they_are_released()
    {
        await SendAndReceive();
        await SendAndReceive();
        Assert.That(Attachments, Is.EqualTo(2 + (2 * RingsPerChannel)));

        Assert.That(_dma.Release(_source), Is.True);
        Assert.That(_dma.Release(_source), Is.False);
        _destination.Dispose();
        Assert.That(Attachments, Is.EqualTo(2 * RingsPerChannel));
        _destination = DmaHeap.Cma.Allocate(Length);
    }

    private async Task SendAndReceive()
    {
        var received = _dma.ReceiveAsync(_destination, s_timeout);
        await _dma.SendAsync(_source, s_timeout);
        await received;
        Assert.That(Buffers.Read(_destination, Length), Is.EqualTo(Buffers.Pattern(Length, seed: 1)));
    }

    private static void AssertFree(params DmaBuf[] buffers)
    {
        foreach (var buffer in buffers)
            Assert.That(() => Buffers.Read(buffer, 4), Throws.Nothing);
    }
}
