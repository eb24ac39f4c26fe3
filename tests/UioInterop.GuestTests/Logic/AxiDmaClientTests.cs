using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Logic;

/// <summary>
/// A client in C, written from the product guide (tests/logic/clients), on QEMU's own AXI DMA and on ours: what it holds true
/// of both, our driver may rely on.
/// </summary>
[Category(Needs.Logic)]
internal sealed class AxiDmaClientTests
{
    [TestCase("dma-qemu-mm2s", "dma-qemu-s2mm", "DMA_QEMU")]
    [TestCase("dma-direct", null, null)]
    [TestCase("dma-sg", null, null)]
    [TestCase("dma-wide-mm2s", "dma-wide-s2mm", "DMA_WIDE")]
    public void A_client_that_was_written_from_the_guide_agrees_with(string node, string? peer, string? what)
    {
        var environment = new Dictionary<string, string?> { ["DMA_NODE"] = node };
        if (what is not null)
            environment[what] = "1";
        if (peer is not null)
            environment["DMA_PEER"] = peer;

        TapProgram.Run("/logic-clients/arm64/axi_dma", environment).AssertAllPassed();
    }
}
