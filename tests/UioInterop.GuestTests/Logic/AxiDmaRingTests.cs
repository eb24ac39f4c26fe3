using System.Buffers.Binary;
using UioInterop.Devices;
using UioInterop.GuestTests.Support;
using UioInterop.TestRunner;

namespace UioInterop.GuestTests.Logic;

/// <summary>Our driver of the AXI DMA receives for ever into a ring, on cores whose stream comes back to them.</summary>
[Category(Needs.Logic), Category(Needs.Handles)]
[TestFixtureSource(typeof(AxiDmaCore), nameof(AxiDmaCore.Streaming))]
internal sealed class AxiDmaRingTests(AxiDmaCore core)
{
    private const int Parts = 4;
    private const int Length = 4096;
    private static readonly TimeSpan s_timeout = Bound.Long;

    private StreamingAxiDma _dma = null!;
    private DmaBuf _packet = null!;

    private int Attachments => AxiDmaCore.AttachmentsOf(_dma.Sender.Device, _dma.Receiver.Device);

    [SetUp]
    public void OpenCore()
    {
        _dma = core.OpenStreaming();
        _packet = DmaHeap.Cma.Allocate(Length);
    }

    [TearDown]
    public void CloseCore()
    {
        _dma.Dispose();
        Assert.That(Attachments, Is.Zero);
        _packet.Dispose();
    }

    [Test]
    public async Task All_packets_come_in_their_order_around_the_ring()
    {
        _dma.Receiver.Begin(Parts, Length);
        for (var i = 0; i < 5 * Parts; i++)
        {
            var length = 256 + (4 * i);
            await SendAsync(i, length);

            using var part = await _dma.Receiver.ReceiveAsync(s_timeout);

            Assert.That((part.Index, part.Length), Is.EqualTo((i % Parts, (long)length)));
            Assert.That(Number(part), Is.EqualTo(i));
        }
    }

    // The fifth waits in the stream until there is room.
    [Test]
    public async Task While_the_program_has_all_parts_the_stream_waits_and_nothing_is_lost()
    {
        _dma.Receiver.Begin(Parts, Length);
        for (var i = 0; i < Parts; i++)
            await SendAsync(i, Length);
        var waits = SendAsync(Parts, Length);
        var parts = new List<RingPart>();
        for (var i = 0; i < Parts; i++)
            parts.Add(await _dma.Receiver.ReceiveAsync(s_timeout));
        Assert.That(waits.IsCompleted, Is.False);
        Assert.That(parts.Select(Number), Is.EqualTo(Enumerable.Range(0, Parts)));

        parts[0].Dispose();

        await waits;
        using var last = await _dma.Receiver.ReceiveAsync(s_timeout);
        Assert.That((last.Index, Number(last)), Is.EqualTo((0, Parts)));
        Assert.That(_dma.Receiver.Overruns, Is.Zero);
    }

    [Test]
    public async Task A_packet_that_is_longer_than_a_part_takes_several()
    {
        _dma.Receiver.Begin(Parts, 1024);
        await SendAsync(7, 2500);

        foreach (var length in (long[])[1024, 1024, 452])
        {
            using var part = await _dma.Receiver.ReceiveAsync(s_timeout);
            Assert.That(part.Length, Is.EqualTo(length));
        }
    }

    [Test]
    public async Task It_can_be_ended_and_begun_again()
    {
        for (var i = 0; i < 3; i++)
        {
            _dma.Receiver.Begin(Parts, Length);
            await SendAsync(i, Length);
            using (var part = await _dma.Receiver.ReceiveAsync(s_timeout))
                Assert.That(Number(part), Is.EqualTo(i));
            _dma.Receiver.End();
            Assert.That(async () => await _dma.Receiver.ReceiveAsync(s_timeout), Throws.InstanceOf<TransferStoppedException>());
        }
    }

    [Test]
    public async Task Parts_received_before_the_end_can_still_be_taken()
    {
        _dma.Receiver.Begin(Parts, Length);
        for (var i = 0; i < 2; i++)
            await SendAsync(i, Length);

        _dma.Receiver.End();

        for (var i = 0; i < 2; i++)
        {
            using var part = await _dma.Receiver.ReceiveAsync(s_timeout);
            Assert.That((Number(part), part.Length), Is.EqualTo((i, (long)Length)));
        }
        Assert.That(async () => await _dma.Receiver.ReceiveAsync(s_timeout), Throws.InstanceOf<TransferStoppedException>());
    }

    [Test]
    public async Task A_packet_and_its_part_allocate_nothing_and_are_counted_by_the_second()
    {
        const int Packets = 200;
        _dma.Receiver.Begin(2 * Parts, Length);
        using var mapping = _dma.Sender.Device.Import(_packet, DmaDirection.ToDevice);

        var shortest = await Allocations.AssertNoneAsync(Stream, Packets);

        Announcements.Say($"AXI DMA, {core}: {Packets / shortest.TotalSeconds:F0} packets of {Length} bytes a second");

        Task Stream() => Sides.RunAsync(Send, Receive);

        async Task Send()
        {
            for (var i = 0; i < Packets; i++)
                await _dma.SendAsync(mapping, s_timeout).ConfigureAwait(false);
        }

        async Task Receive()
        {
            for (var i = 0; i < Packets; i++)
                (await _dma.Receiver.ReceiveAsync(s_timeout).ConfigureAwait(false)).Dispose();
        }
    }

    [Test]
    public void A_part_that_is_longer_than_the_length_register_is_refused() =>
        Assert.That(() => _dma.Receiver.Begin(Parts, _dma.Sender.MaxLength + 1),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains($"a part has {_dma.Sender.MaxLength} bytes at most"));

    [Test]
    public void A_core_without_scatter_gather_is_refused_with_the_remedy() =>
        Assert.That(() => StreamingAxiDma.Open(UioDeviceId.FromName("dma-direct")),
            Throws.InvalidOperationException.With.Message.Contains("Enable Scatter Gather Engine"));

    private Task<long> SendAsync(int number, int length)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        Buffers.Fill(_packet, bytes);
        return _dma.SendAsync(new DmaSegment(_packet, 0, length), s_timeout).AsTask();
    }

    private static int Number(RingPart part)
    {
        using var cpu = part.BeginRead();
        return BinaryPrimitives.ReadInt32LittleEndian(cpu.Span);
    }
}
