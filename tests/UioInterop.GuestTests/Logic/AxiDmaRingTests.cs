using System.Buffers.Binary;
using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Logic;

/// <summary>Our driver of the AXI DMA receives for ever into a ring, on a core whose stream comes back to it.</summary>
[Category(Needs.Logic), Category(Needs.Handles)]
internal sealed class AxiDmaRingTests
{
    private const int Parts = 4;
    private const int Length = 4096;
    private static readonly TimeSpan s_timeout = Bound.Long;

    private StreamingAxiDma _dma = null!;
    private DmaBuf _packet = null!;

    private int Attachments => DmaBufTable.AttachmentsOf(_dma.Sender.Device.Info.ParentName);

    [SetUp]
    public void OpenCore()
    {
        _dma = StreamingAxiDma.Open(UioDeviceId.FromName("dma-sg"));
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
    public void A_part_that_is_longer_than_the_length_register_is_refused() =>
        Assert.That(() => _dma.Receiver.Begin(Parts, 1 << 14), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("14 bits: a part has 16383 bytes at most"));

    [Test]
    public void A_core_without_scatter_gather_is_refused_with_the_remedy() =>
        Assert.That(() => StreamingAxiDma.Open(UioDeviceId.FromName("dma-direct")), Throws.InvalidOperationException.With.Message.Contains("Enable Scatter Gather Engine"));

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
