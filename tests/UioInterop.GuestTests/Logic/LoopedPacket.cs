using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Logic;

/// <summary>A packet through an AXI DMA whose stream comes back to it.</summary>
internal static class LoopedPacket
{
    /// <summary>Fills a buffer, sends it, and asserts that all of it is counted and received.</summary>
    public static async Task AssertArrivesAsync(AxiDma dma, DmaBuf source, DmaBuf destination, int seed)
    {
        var data = Buffers.Pattern((int)source.Length, seed);
        Buffers.Fill(source, data);

        var received = dma.ReceiveAsync(destination, Bound.Long);
        var sent = await dma.SendAsync(source, Bound.Long);

        Assert.That((sent, await received), Is.EqualTo((source.Length, source.Length)));
        Assert.That(Buffers.Read(destination, data.Length), Is.EqualTo(data));
    }
}
