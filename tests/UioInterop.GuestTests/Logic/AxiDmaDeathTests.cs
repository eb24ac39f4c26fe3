using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Logic;

/// <summary>A process dies in the middle of a stream, which needs no program to go on.</summary>
[Category(Needs.Logic), Category(Needs.Handles)]
internal sealed class AxiDmaDeathTests
{
    private const int Length = 4 * EndlessLoop.Length;

    [Test]
    public void The_kernel_stops_the_stream_before_others_get_the_memory()
    {
        using var buffer = DmaHeap.Cma.Allocate(Length);

        ChildProcess.StreamAndBeKilled(buffer, () =>
        {
            Buffers.Fill(buffer, new byte[Length]);
            Assert.That(
                () => Buffers.Read(buffer, Length), Is.All.EqualTo(EndlessLoop.Sent).After(Bound.LongMilliseconds, 5), "it overwrites");
        });

        Buffers.Fill(buffer, new byte[Length]);
        TestCore.LetTimePass();
        Assert.That(Buffers.Read(buffer, Length), Is.All.Zero);
        using var dma = AxiDmaCore.Polled.Open();
        Assert.That(AxiDmaCore.AttachmentsOf(dma.Receiver.Device), Is.Zero);
    }
}
