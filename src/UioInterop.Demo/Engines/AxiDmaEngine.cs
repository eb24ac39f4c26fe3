using UioInterop.Devices;

namespace UioInterop.Demo.Engines;

/// <summary>Xilinx's AXI DMA, in programmable logic that sends its stream back to it: from memory to memory.</summary>
internal sealed class AxiDmaEngine : IEngine
{
    private readonly AxiDma _dma;
    private readonly DeviceBuffer<byte> _ballast;

    private AxiDmaEngine(AxiDma dma)
    {
        _dma = dma;
        _ballast = dma.Allocate<byte>(CopyLength, DmaDirection.ToDevice);
    }

    /// <summary>What the loop is called in the device tree: other nodes may lead anywhere.</summary>
    public static string Name => "dma-sg";

    public UioDevice Device => _dma.Sender.Device;

    public int CopyLength => 1 << 20;

    public bool IsBusy => (_dma.Receiver.Status & (AxiDmaStatus.Halted | AxiDmaStatus.Idle)) == 0;

    public static AxiDmaEngine? TryOpen()
    {
        if (!UioDevice.List().Any(device => device.Name == Name))
            return null;

        var dma = AxiDma.Open(Name);
        try
        {
            return new AxiDmaEngine(dma);
        }
        catch
        {
            dma.Dispose();
            throw;
        }
    }

    public void Copy(DmaMapping from, DmaMapping to, int length)
    {
        Task<long> received = _dma.ReceiveAsync(new DmaSegment(to, 0, length), Bound.OfWait).AsTask();
        long sent = _dma.SendAsync(new DmaSegment(from, 0, length), Bound.OfWait).AsTask().GetAwaiter().GetResult();
        long came = received.GetAwaiter().GetResult();
        Print.Step($"copied       {Machine.Where(from)} -> stream -> {Machine.Where(to)}: {sent} bytes sent, {came} received");
    }

    public async Task BeginWrite(DmaMapping to, CancellationToken token)
    {
        Task<long> received = _dma.ReceiveAsync(to, Bound.OfWait, token).AsTask();
        Task<long> sent = _dma.SendAsync(_ballast, Bound.OfWait, token).AsTask();
        await Task.WhenAll(received, sent);
    }

    public void Dispose()
    {
        _dma.Dispose();
        _ballast.Dispose();
    }
}
