namespace UioInterop.Devices;

/// <summary>A channel of the DMA engine on Zynq UltraScale+ and Versal.</summary>
internal sealed class ZynqMpCopyEngine : CopyEngine
{
    private readonly ZynqMpDma _dma;

    private ZynqMpCopyEngine(ZynqMpDma dma) => _dma = dma;

    public override UioDevice Device => _dma.Device;

    public static bool Knows(UioDeviceInfo device) => device.Compatible.Contains(ZynqMpDma.Compatible);

    public static CopyEngine Open(UioDeviceId id) => new ZynqMpCopyEngine(ZynqMpDma.Open(id));

    public override Task CopyAsync(
        DmaMapping source, DmaMapping destination, int length, TimeSpan timeout, CancellationToken token = default) =>
        _dma.CopyAsync(source, 0, destination, 0, length, timeout, token).AsTask();

    protected override void Dispose(bool disposing) => _dma.Dispose();
}
