using UioInterop.Devices;

namespace UioInterop.Demo.Engines;

/// <summary>QEMU's edu device: from memory into a buffer of its own, and from there to memory.</summary>
internal sealed class EduEngine(EduDevice edu) : IEngine
{
    public EduDevice Edu => edu;

    public UioDevice Device => edu.Device;

    // Twice what fits into the device.
    public int CopyLength => 2 * EduDevice.MaxTransfer;

    public bool IsBusy => edu.IsBusy;

    public static EduEngine? TryOpen() =>
        PciFunction.Find(EduDevice.VendorId, EduDevice.DeviceId) is [var address, ..]
            ? new EduEngine(EduDevice.Open(Machine.Bind("edu", address, "uio_pci_generic")))
            : null;

    public void Copy(DmaMapping from, DmaMapping to, int length)
    {
        for (int offset = 0; offset < length; offset += EduDevice.MaxTransfer)
        {
            InterruptCount read = edu.CopyToDevice(from, offset, EduDevice.MaxTransfer, Bound.OfWait);
            InterruptCount written = edu.CopyFromDevice(to, offset, EduDevice.MaxTransfer, Bound.OfWait);
            Print.Step($"copied       {Machine.Where(from, offset)} -> device -> {Machine.Where(to, offset)}, interrupts {read.Total} and "
                + $"{written.Total}, missed {read.Missed + written.Missed}");
        }
    }

    public Task BeginWrite(DmaMapping to, CancellationToken token) =>
        edu.CopyFromDeviceAsync(to, 0, EduDevice.MaxTransfer, Bound.OfWait, token: token).AsTask();

    public void Dispose() => edu.Dispose();
}
