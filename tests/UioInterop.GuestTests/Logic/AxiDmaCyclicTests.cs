using System.Buffers.Binary;
using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Logic;

/// <summary>A ring of the AXI DMA that goes round whatever the program does.</summary>
[Category(Needs.Logic), Category(Needs.Handles)]
[TestFixtureSource(typeof(AxiDmaCore), nameof(AxiDmaCore.Streaming))]
internal sealed class AxiDmaCyclicTests(AxiDmaCore core)
{
    private const int Parts = 6;
    private const int Length = 4096;
    private static readonly TimeSpan s_timeout = Bound.Long;
    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(20);

    private StreamingAxiDma _dma = null!;
    private DmaBuf _packet = null!;
    private int _sent;

    [SetUp]
    public void OpenCore()
    {
        _dma = core.OpenStreaming(isCyclic: true);
        _packet = DmaHeap.Cma.Allocate(Length);
        _sent = 0;
        _dma.Receiver.Begin(Parts, Length);
    }

    [TearDown]
    public void CloseCore()
    {
        _dma.Dispose();
        Assert.That(AxiDmaCore.AttachmentsOf(_dma.Sender.Device, _dma.Receiver.Device), Is.Zero);
        _packet.Dispose();
    }

    [Test]
    public async Task A_fast_reader_gets_all_packets_in_their_order()
    {
        for (var i = 0; i < 5 * Parts; i++)
        {
            await SendAsync(1, 256 + (4 * i));

            var part = await _dma.Receiver.ReceiveAsync(s_timeout);

            Assert.That((part.Index, part.Length), Is.EqualTo((i % Parts, 256L + (4 * i))));
            Assert.That(Copy(part), Is.EqualTo(i));
        }
        Assert.That(_dma.Receiver.Overruns, Is.Zero);
    }

    // Less than a round, and more. The channel interrupts at the end of a packet: one that is longer than the ring laps it unseen.
    [Test]
    public async Task A_slow_reader_sees_overruns_and_whole_parts_only(
        [Values(1, Parts - 1, Parts, Parts + 1, 2 * Parts, (2 * Parts) + 1)] int late, [Values] bool isOnePacket)
    {
        var (received, last) = (0, -1);
        for (var round = 0; round < 3; round++)
        {
            await (isOnePacket ? SendTogetherAsync(late + 1) : SendSeenAsync(late + 1));

            // A channel that has come round is known to be done with a part when the next is filled.
            while (last < _sent - 2)
                Take(await _dma.Receiver.ReceiveAsync(s_timeout));

            // One that it hands out after the newest would be an old one.
            Assert.That(async () =>
            {
                while (true)
                    Take(await _dma.Receiver.ReceiveAsync(s_short));
            }, Throws.InstanceOf<TimeoutException>());
        }

        if (!isOnePacket)
            Assert.That(received + _dma.Receiver.Overruns, Is.GreaterThanOrEqualTo(_sent - 1));
        if (late > Parts)
            Assert.That(_dma.Receiver.Overruns, Is.Positive);
        if (late < Parts - 3)
            Assert.That(_dma.Receiver.Overruns, Is.Zero);

        // Rounds that nobody saw are counted as one, and its interrupt may come late: the engine is asked, which looks.
        async Task SendSeenAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                await SendAsync(1);
                _dma.Receiver.IsIntact(run: 1, number: 0);
            }
        }

        void Take(RingPart part)
        {
            received++;
            if (Copy(part) is not { } number)
                return;
            Assert.That(number, Is.GreaterThan(last));
            Assert.That(part.Index, Is.EqualTo(number % Parts));
            last = number;
        }
    }

    [Test]
    public async Task A_part_that_is_written_again_meanwhile_is_not_taken_for_whole()
    {
        await SendAsync(1);
        var part = await _dma.Receiver.ReceiveAsync(s_timeout);
        await SendAsync(Parts);

        Assert.That(Copy(part), Is.Null);
        Assert.That(_dma.Receiver.Overruns, Is.Positive);
    }

    [Test]
    public async Task A_stream_tells_of_the_gap_once_and_goes_on()
    {
        await using var stream = _dma.Receiver.AsStream();
        await SendAsync(2 * Parts);
        var bytes = new byte[Length];

        Assert.That(async () => await stream.ReadAsync(bytes), Throws.InstanceOf<IOException>().With.Message.Contains("gap"));

        Assert.That(await stream.ReadAsync(bytes), Is.EqualTo(Length));
        Assert.That(BinaryPrimitives.ReadInt32LittleEndian(bytes), Is.InRange(Parts, (2 * Parts) - 1));
    }

    [Test]
    public void It_has_four_parts_at_least()
    {
        _dma.Receiver.End();
        Assert.That(() => _dma.Receiver.Begin(3, Length), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private async Task SendAsync(int count, int length = Length)
    {
        for (var i = 0; i < count; i++)
        {
            Buffers.Fill(_packet, BitConverter.GetBytes(_sent++));
            await _dma.SendAsync(new DmaSegment(_packet, 0, length), s_timeout);
        }
    }

    /// <summary>Sends so many parts in one packet.</summary>
    private async Task SendTogetherAsync(int count)
    {
        using var packet = DmaHeap.Cma.Allocate(count * Length);
        var numbers = new int[count * Length / sizeof(int)];
        for (var i = 0; i < count; i++)
            numbers[i * Length / sizeof(int)] = _sent++;
        packet.Write<int>(numbers);
        await _dma.SendAsync(new DmaSegment(packet, 0, packet.Length), s_timeout);
    }

    /// <summary>The number of the packet; null when the part was written again meanwhile.</summary>
    private static int? Copy(RingPart part)
    {
        var bytes = new byte[part.Length];
        return part.TryCopyTo(bytes) ? BinaryPrimitives.ReadInt32LittleEndian(bytes) : null;
    }
}
