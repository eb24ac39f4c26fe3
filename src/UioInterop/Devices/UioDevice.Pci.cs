namespace UioInterop;

// The PCI function behind the device.
public sealed partial class UioDevice
{
    private PciFunction? _pci;

    /// <summary>The PCI function behind the device; null when it is not on PCI. It is disposed with the device.</summary>
    /// <exception cref="UioException">Its configuration space cannot be opened: that takes root.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public PciFunction? Pci
    {
        get
        {
            lock (_gate)
            {
                ThrowIfDisposed();
                if (_pci is null && PciFunction.Exists(Info.ParentName))
                    _pci = PciFunction.Open(Info.ParentName);
                return _pci;
            }
        }
    }
}
