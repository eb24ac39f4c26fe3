using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Logic;

/// <summary>What the AXI DMA receives, read as a <see cref="Stream"/>.</summary>
[Category(Needs.Logic), Category(Needs.Handles)]
internal sealed class AxiDmaStreamTests
{
    private const int Parts = 4;
    private const int Length = 4096;
    private static readonly TimeSpan s_timeout = Bound.Long;

    private StreamingAxiDma _dma = null!;
    private DmaBuf _packet = null!;
    private Stream _stream = null!;

    [SetUp]
    public void OpenCore()
    {
        _dma = StreamingAxiDma.Open("dma-sg");
        _packet = DmaHeap.Cma.Allocate(Length);
        _dma.Receiver.Begin(Parts, Length);
        _stream = _dma.Receiver.AsStream();
    }

    [TearDown]
    public void CloseCore()
    {
        _stream.Dispose();
        _dma.Dispose();
        _packet.Dispose();
    }

    [TestCase(333, false)]
    [TestCase(10_000, false)]
    [TestCase(333, true)]
    public async Task Packets_are_read_one_after_the_other_whatever_the_reads_are(int size, bool blocks)
    {
        int[] packets = [1000, Length, 4, 2500, Length, 1000, Length, Length, 16];
        var sending = Task.Run(async () =>
        {
            foreach (var (i, length) in packets.Index())
                await SendAsync(seed: i, length);
        });

        var (read, buffer) = (new List<byte>(), new byte[size]);
        while (read.Count < packets.Sum())
        {
            var count = blocks ? _stream.Read(buffer) : await _stream.ReadAsync(buffer);
            read.AddRange(buffer.AsSpan(0, count));
        }

        await sending;
        Assert.That(read, Is.EqualTo(packets.Index().SelectMany(each => Buffers.Pattern(each.Item, each.Index))));
    }

    [Test]
    public void A_read_waits_as_long_as_it_is_told()
    {
        _stream.ReadTimeout = 20;
        using var cancel = new CancellationTokenSource(20);

        Assert.That(() => _stream.ReadByte(), Throws.InstanceOf<TimeoutException>().With.Message.Contains("within 20 ms"));
        Assert.That(async () => await _stream.ReadAsync(new byte[1], cancel.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(_stream.Read([]), Is.Zero);
    }

    [Test]
    public async Task Received_data_is_read_after_the_end_and_then_the_reason_is_thrown()
    {
        await SendAsync(seed: 1, Length);
        await SendAsync(seed: 2, 8);
        _dma.Receiver.End();

        var bytes = new byte[Length + 8];
        await _stream.ReadExactlyAsync(bytes);

        Assert.That(bytes, Is.EqualTo(Buffers.Pattern(Length, seed: 1).Concat(Buffers.Pattern(8, seed: 2))));
        Assert.That(async () => await _stream.ReadAsync(bytes), Throws.InstanceOf<TransferStoppedException>());
    }

    [Test]
    public async Task Its_end_gives_back_the_part_that_was_being_read()
    {
        for (var i = 0; i < Parts; i++)
            await SendAsync(seed: i, Length);
        Assert.That(_stream.ReadByte(), Is.Not.Negative);
        var waits = SendAsync(seed: 9, Length);
        Assert.That(waits.IsCompleted, Is.False);

        await _stream.DisposeAsync();

        await waits;
    }

    private async Task SendAsync(int seed, int length)
    {
        Buffers.Fill(_packet, Buffers.Pattern(length, seed));
        await _dma.SendAsync(new DmaSegment(_packet, 0, length), s_timeout);
    }
}
