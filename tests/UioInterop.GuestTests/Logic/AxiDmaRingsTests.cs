using System.Buffers.Binary;
using UioInterop.Devices;
using UioInterop.GuestTests.Support;
using UioInterop.TestRunner;

namespace UioInterop.GuestTests.Logic;

/// <summary>An AXI DMA that sends out of one ring and receives into another, on cores whose stream comes back to them.</summary>
[Category(Needs.Logic), Category(Needs.Handles)]
[TestFixtureSource(typeof(AxiDmaCore), nameof(AxiDmaCore.Streaming))]
internal sealed class AxiDmaRingsTests(AxiDmaCore core)
{
    private const int Parts = 4;
    private const int Length = 4096;
    private static readonly TimeSpan s_timeout = Bound.Long;
    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(50);

    private AxiDmaRings _dma = null!;

    [SetUp]
    public void OpenCore()
    {
        _dma = core.OpenRings();
        _dma.Receiver.Begin(Parts, Length);
        _dma.Sender.Begin(Parts, Length);
    }

    [TearDown]
    public void CloseCore()
    {
        _dma.Dispose();
        Assert.That(AxiDmaCore.AttachmentsOf(_dma.Sender.Device, _dma.Receiver.Device), Is.Zero);
    }

    [Test]
    public async Task All_packets_come_in_their_order()
    {
        const int Packets = 10 * Parts;
        var sending = Task.Run(async () =>
        {
            for (var i = 0; i < Packets; i++)
                await SendAsync(i, 4 + (16 * i));
            await _dma.Sender.FlushAsync(s_timeout);
        });

        for (var i = 0; i < Packets; i++)
        {
            using var part = await _dma.Receiver.ReceiveAsync(s_timeout);
            Assert.That((Number(part), part.Length), Is.EqualTo((i, 4L + (16 * i))));
        }
        await sending;
    }

    // The channel is given all of them before the first comes back.
    [Test]
    public async Task A_sender_waits_while_nobody_receives_and_nothing_is_lost()
    {
        var sent = 0;
        try
        {
            for (; ; sent++)
            {
                using var part = await _dma.Sender.RentAsync(s_short);
                Fill(part, sent);
                part.Send(Length);
            }
        }
        catch (TimeoutException)
        {
            // All parts of both rings are full.
        }

        Assert.That(sent, Is.InRange(2 * Parts, (2 * Parts) + 1), "one may be on its way");
        Assert.That(async () => await _dma.Sender.FlushAsync(s_short), Throws.InstanceOf<TimeoutException>());
        for (var i = 0; i < sent; i++)
        {
            using var part = await _dma.Receiver.ReceiveAsync(s_timeout);
            Assert.That(Number(part), Is.EqualTo(i));
        }
        await _dma.Sender.FlushAsync(s_timeout);
    }

    [Test]
    public async Task It_can_be_ended_and_begun_again()
    {
        for (var i = 0; i < 3; i++)
        {
            await SendAsync(i, 64);
            using (var part = await _dma.Receiver.ReceiveAsync(s_timeout))
                Assert.That(Number(part), Is.EqualTo(i));

            _dma.Sender.End();
            Assert.That(async () => await _dma.Sender.RentAsync(s_timeout), Throws.InstanceOf<TransferStoppedException>());
            Assert.That(async () => await _dma.Receiver.ReceiveAsync(s_timeout), Throws.InstanceOf<TransferStoppedException>(),
                "one reset is for both");
            _dma.Receiver.Begin(Parts, Length);
            _dma.Sender.Begin(Parts, Length);
        }
    }

    [Test]
    public async Task Packets_allocate_nothing_and_are_counted_by_the_second()
    {
        const int Packets = 200;

        var shortest = await Allocations.AssertNoneAsync(Stream, Packets);

        Announcements.Say($"AXI DMA, {core}, two rings: {Packets / shortest.TotalSeconds:F0} packets of {Length} bytes a second");

        Task Stream() => Sides.RunAsync(Send, Receive);

        async Task Send()
        {
            for (var i = 0; i < Packets; i++)
                (await _dma.Sender.RentAsync(s_timeout).ConfigureAwait(false)).Send(Length);
        }

        async Task Receive()
        {
            for (var i = 0; i < Packets; i++)
                (await _dma.Receiver.ReceiveAsync(s_timeout).ConfigureAwait(false)).Dispose();
        }
    }

    [Test]
    public void A_part_that_is_longer_than_the_length_register_is_refused()
    {
        _dma.Sender.End();
        Assert.That(() => _dma.Sender.Begin(Parts, 1 << 26), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private async Task SendAsync(int number, int length)
    {
        using var part = await _dma.Sender.RentAsync(s_timeout);
        Fill(part, number);
        part.Send(length);
    }

    private static void Fill(SendPart part, int number)
    {
        using var cpu = part.BeginWrite();
        BinaryPrimitives.WriteInt32LittleEndian(cpu.Span, number);
    }

    private static int Number(RingPart part)
    {
        using var cpu = part.BeginRead();
        return BinaryPrimitives.ReadInt32LittleEndian(cpu.Span);
    }
}
