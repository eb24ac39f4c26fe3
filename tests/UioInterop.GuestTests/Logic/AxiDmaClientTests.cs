using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Logic;

/// <summary>
/// A client in C, written from the product guide (tests/logic/clients), on QEMU's own AXI DMA and on ours: what it holds true
/// of both, our driver may rely on.
/// </summary>
[Category(Needs.Logic)]
internal sealed class AxiDmaClientTests
{
    [TestCase("dma-qemu-mm2s", "dma-qemu-s2mm", true)]
    [TestCase("dma-direct", null, false)]
    [TestCase("dma-sg", null, false)]
    public void A_client_that_was_written_from_the_guide_agrees_with(string node, string? peer, bool isQemus)
    {
        var environment = new Dictionary<string, string?> { ["DMA_NODE"] = node };
        if (isQemus)
            environment["DMA_QEMU"] = "1";
        if (peer is not null)
            environment["DMA_PEER"] = peer;

        TapProgram.Run("/logic-clients/arm64/axi_dma", environment).AssertAllPassed();
    }
}
