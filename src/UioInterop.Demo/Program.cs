// Moves data through a device by DMA, out of one dma-buf and into another, and shows what an IOMMU does to a device
// that writes where it no longer may. Runs as root on a machine with QEMU's edu device; ./build.sh demo boots one.

using UioInterop;
using UioInterop.Demo;
using UioInterop.Devices;

try
{
    Print.Title("What is here");
    Machine.Describe();
    string address = Machine.BindEdu();

    using var edu = EduDevice.Open(UioDeviceId.FromParent(address));
    Machine.Describe(edu.Device.Info);

    bool equal = RoundTrip.Run(edu);
    bool safe = Proof.Run(edu);
    return equal && safe ? 0 : 1;
}
catch (Exception error) when (error is IOException or UnauthorizedAccessException or TimeoutException or DllNotFoundException or InvalidOperationException)
{
    Print.Failed(error.Message);
    return 1;
}
