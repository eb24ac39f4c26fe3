// Moves data through a device by DMA, out of one dma-buf and into another, and shows what an IOMMU does to a device
// that writes where it no longer may. Runs as root, on a machine with QEMU's edu device or on a Zynq UltraScale+ or
// Versal board; ./build.sh demo boots such machines.

using UioInterop;
using UioInterop.Demo;
using UioInterop.Demo.Engines;
using UioInterop.Demo.Proofs;

try
{
    Print.Title("What is here");
    Machine.Describe();

    using IEngine engine = EngineFinder.Open();
    Machine.Describe(engine.Device.Info);

    bool equal = RoundTrip.Run(engine);
    bool safe = ReleaseProof.Run(engine);
    if (engine is AxiDmaEngine)
    {
        engine.Dispose();
        safe &= await StreamProof.RunAsync();
    }

    bool isIsolated = engine.Device.Info.Iommu is { Translates: true };
    if (engine is EduEngine edu && isIsolated && engine.Device.Features.ExposesAddresses)
        safe &= IommuProof.Run(edu.Edu);
    else if (isIsolated)
        Print.Step("This kernel keeps bus addresses to itself, and so nothing can be shown writing to one that has ended.");
    else
        Print.Step("Without a translating IOMMU this order is all the protection there is: ./build.sh demo shows one.");
    Console.WriteLine();
    Print.Fact("memory", $"{Environment.WorkingSet >> 10} KiB resident");
    return equal && safe ? 0 : 1;
}
catch (Exception error) when (error is IOException or UnauthorizedAccessException or TimeoutException or DllNotFoundException or InvalidOperationException)
{
    Print.Failed(error.Message);
    return 1;
}
