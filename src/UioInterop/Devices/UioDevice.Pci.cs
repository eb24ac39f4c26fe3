namespace UioInterop;

// The PCI function behind the device.
public sealed partial class UioDevice
{
    private const string PciGeneric = "uio_pci_generic";

    private PciFunction? _pci;

    /// <summary>
    /// Whether its driver is uio_pci_generic. That switches bus mastering off when any file of the device is closed, and leaves the
    /// interrupt's enabling to user space.
    /// </summary>
    internal bool IsPciGeneric => Info.Driver == PciGeneric;

    /// <summary>The PCI function behind the device; null when it is not on PCI. It is disposed with the device.</summary>
    /// <exception cref="UioException">Its configuration space cannot be opened: that needs root.</exception>
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
