using UioInterop.Devices;

namespace UioInterop.Demo.Engines;

/// <summary>A channel of the DMA engine on Zynq UltraScale+ and Versal: from memory to memory.</summary>
internal sealed class ZynqMpEngine : IEngine
{
    private const string UioDriver = "uio_pdrv_genirq";
    private const string Devices = "/sys/bus/platform/devices";

    // The channels of the low-power domain, on both: UG1085, "System Addresses"; AM012, "Register Reference". Which one
    // does not matter, and the kernel's own DMA driver may hold some.
    private static readonly string[] Channels =
        ["ffa80000", "ffa90000", "ffaa0000", "ffab0000", "ffac0000", "ffad0000", "ffae0000", "ffaf0000"];

    private readonly ZynqMpDma _dma;
    private readonly DmaBuf _ballast;
    private readonly DmaMapping _ballastMapping;

    private ZynqMpEngine(ZynqMpDma dma)
    {
        _dma = dma;
        _ballast = DmaHeap.Cma.Allocate(CopyLength);
        _ballastMapping = dma.Device.Import(_ballast, DmaDirection.ToDevice);
    }

    public UioDevice Device => _dma.Device;

    public int CopyLength => 1 << 20;

    public bool IsBusy => _dma.IsBusy;

    public static ZynqMpEngine? TryOpen()
    {
        // A name on the bus is ffa80000.dma, or ffa80000.dma-controller in newer device trees.
        string? channel = Channels
            .SelectMany(address => Directory.Exists(Devices) ? Directory.GetDirectories(Devices, $"{address}.dma*") : [])
            .Select(path => Path.GetFileName(path))
            .FirstOrDefault(IsFree);
        if (channel is null)
            return null;

        var dma = ZynqMpDma.Open(Machine.Bind("ZDMA", channel, UioDriver));
        try
        {
            return new ZynqMpEngine(dma);
        }
        catch
        {
            dma.Dispose();
            throw;
        }
    }

    public void Copy(DmaMapping from, DmaMapping to, int length)
    {
        InterruptCount count = _dma.CopyAsync(from, 0, to, 0, length, Bound.OfWait).AsTask().GetAwaiter().GetResult();
        Print.Step($"copied       {length >> 10} KiB, {Machine.Where(from)} -> {Machine.Where(to)}, interrupt "
            + $"{count.Total}, missed {count.Missed}");
    }

    public Task BeginWrite(DmaMapping to, CancellationToken token) =>
        _dma.CopyAsync(_ballastMapping, 0, to, 0, CopyLength, Bound.OfWait, token).AsTask();

    public void Dispose()
    {
        _dma.Dispose();
        _ballast.Dispose();
    }

    private static bool IsFree(string channel) =>
        new DirectoryInfo(Path.Combine(Devices, channel, "driver")) is var driver
        && (!driver.Exists || driver.ResolveLinkTarget(returnFinalTarget: true)?.Name == UioDriver);
}
