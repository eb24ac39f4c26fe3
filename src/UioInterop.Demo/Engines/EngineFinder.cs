namespace UioInterop.Demo.Engines;

/// <summary>Takes the first engine that this machine has.</summary>
internal static class EngineFinder
{
    public static IEngine Open() =>
        EduEngine.TryOpen()
        ?? (IEngine?)AxiDmaEngine.TryOpen()
        ?? ZynqMpEngine.TryOpen()
        ?? throw new IOException("This machine has no DMA engine that the demo knows, or other drivers hold all of them: neither QEMU's "
            + "edu (PCI 1234:11e8; it takes dma_mask=0xffffffff) nor an AXI DMA whose stream comes back to it (a UIO device named "
            + $"{AxiDmaEngine.Name}), nor a channel of the ZDMA engine of Zynq UltraScale+ and Versal (platform devices ffa80000.dma to "
            + "ffaf0000.dma). ./build.sh demo boots a machine that has one.");
}
