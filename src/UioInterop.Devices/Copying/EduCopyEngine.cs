namespace UioInterop.Devices;

/// <summary>QEMU's edu: into its own buffer, and from there to memory, piece by piece.</summary>
internal sealed class EduCopyEngine : CopyEngine
{
    private readonly EduDevice _edu;

    private EduCopyEngine(EduDevice edu) => _edu = edu;

    public override UioDevice Device => _edu.Device;

    public static bool Knows(UioDeviceInfo device) =>
        PciFunction.Find(EduDevice.VendorId, EduDevice.DeviceId).Contains(device.ParentName);

    public static CopyEngine Open(UioDeviceId id) => new EduCopyEngine(EduDevice.Open(id));

    public override async Task CopyAsync(
        DmaMapping source, DmaMapping destination, int length, TimeSpan timeout, CancellationToken token = default)
    {
        // Each piece has the whole timeout: a copy of many pieces takes long, and a piece that hangs is still noticed.
        for (int offset = 0; offset < length; offset += EduDevice.MaxTransfer)
        {
            int piece = Math.Min(EduDevice.MaxTransfer, length - offset);
            await _edu.CopyToDeviceAsync(source, offset, piece, timeout, token: token).ConfigureAwait(false);
            await _edu.CopyFromDeviceAsync(destination, offset, piece, timeout, token: token).ConfigureAwait(false);
        }
    }

    protected override void Dispose(bool disposing) => _edu.Dispose();
}
