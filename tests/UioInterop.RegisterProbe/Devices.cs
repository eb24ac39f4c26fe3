namespace UioInterop.RegisterProbe;

/// <summary>The devices that the cases access.</summary>
internal sealed class Devices : IDisposable
{
    // QEMU's docs/specs: edu, and the SD host controller among the PCI ids.
    private readonly ProbedDevice _edu = ProbedDevice.Open(0x1234, 0x11e8);
    private readonly ProbedDevice _sdHost = ProbedDevice.Open(0x1b36, 0x0007);

    /// <summary>Accepts 32 bits, and from 0x80 on 64 bits as well.</summary>
    public Registers Edu => _edu.Registers;

    /// <summary>Accepts 8, 16 and 32 bits.</summary>
    public Registers SdHost => _sdHost.Registers;

    /// <summary>The SD host controller's registers as bare memory.</summary>
    public nint SdHostMemory => _sdHost.Memory;

    public void Dispose()
    {
        _sdHost.Dispose();
        _edu.Dispose();
    }
}
