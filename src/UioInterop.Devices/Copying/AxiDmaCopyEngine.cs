namespace UioInterop.Devices;

/// <summary>AXI DMA in logic that sends its stream back to it: one packet out, and the same packet in.</summary>
internal sealed class AxiDmaCopyEngine : CopyEngine
{
    /// <summary>What Xilinx's device tree generator calls the core.</summary>
    public const string Compatible = "xlnx,axi-dma-1.00.a";

    private readonly AxiDma _dma;

    private AxiDmaCopyEngine(AxiDma dma) => _dma = dma;

    public override UioDevice Device => _dma.Sender.Device;

    public static bool Knows(UioDeviceInfo device) => device.Compatible.Contains(Compatible);

    public static CopyEngine Open(UioDeviceId id) => new AxiDmaCopyEngine(AxiDma.Open(id));

    public override async Task CopyAsync(
        DmaMapping source, DmaMapping destination, int length, TimeSpan timeout, CancellationToken token = default)
    {
        Task<long> received = _dma.ReceiveAsync(new DmaSegment(destination, 0, length), timeout, token).AsTask();
        Task<long> sent = _dma.SendAsync(new DmaSegment(source, 0, length), timeout, token).AsTask();
        await Task.WhenAll(received, sent).ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing) => _dma.Dispose();
}
