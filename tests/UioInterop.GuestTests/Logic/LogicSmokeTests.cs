using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Logic;

/// <summary>Whether the logic works at all on another board: registers, interrupts, and DMA both ways.</summary>
[Category(Needs.LogicSmoke), Category(Needs.Handles)]
internal sealed class LogicSmokeTests
{
    [Test]
    public Task The_example_core_adds_up_a_buffer() => AdderTests.AddAsync();

    [Test]
    public async Task A_packet_sent_is_received()
    {
        using var dma = AxiDma.Open("dma-sg");
        using var samples = dma.Allocate<byte>(5000, DmaDirection.ToDevice);
        using var result = dma.Allocate<byte>(8192, DmaDirection.FromDevice);
        samples.Write(Buffers.Pattern(5000, seed: 1));

        var received = dma.ReceiveAsync(result, Bound.Long);
        await dma.SendAsync(samples, Bound.Long);

        Assert.That(await received, Is.EqualTo(5000));
        Assert.That(result.ToArray()[..5000], Is.EqualTo(Buffers.Pattern(5000, seed: 1)));
    }
}
