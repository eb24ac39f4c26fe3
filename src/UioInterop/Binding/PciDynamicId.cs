using System.Globalization;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// Adds a vendor and device number to a PCI driver. The driver takes all functions with these numbers that have no driver, and
/// later ones, as after a reset or a reload of an FPGA. For one function, use <see cref="DriverBinding"/>.
/// </summary>
/// <remarks>
/// Works with <c>new_id</c> and <c>remove_id</c>, see Documentation/ABI/testing/sysfs-bus-pci; needs root. A function whose
/// <c>driver_override</c> names another driver is not taken. Thread-safe.
/// </remarks>
public sealed class PciDynamicId : IDisposable
{
    private const string Bus = "/sys/bus/pci";

    private readonly Lock _gate = new();
    private readonly HashSet<string> _before;
    private bool _ended;

    private PciDynamicId(string driver, ushort vendorId, ushort deviceId)
    {
        Driver = driver;
        VendorId = vendorId;
        DeviceId = deviceId;
        _before = [.. Functions];
    }

    /// <summary>The driver.</summary>
    public string Driver { get; }

    /// <summary>The vendor's number.</summary>
    public ushort VendorId { get; }

    /// <summary>The vendor's number for the device.</summary>
    public ushort DeviceId { get; }

    /// <summary>The addresses of the functions with these numbers that the driver has now.</summary>
    public IReadOnlyList<string> Functions => [.. All.Where(function => function.Driver == Driver).Select(function => function.Name)];

    /// <summary>Teaches a driver a vendor and device number.</summary>
    /// <param name="driver">The driver: <c>uio_pci_generic</c>.</param>
    /// <param name="vendorId">The vendor's number.</param>
    /// <param name="deviceId">The vendor's number for the device.</param>
    /// <exception cref="UioException">
    /// ENODEV: there is no such driver. EEXIST: it knows these numbers already. EACCES: the process is not root.
    /// </exception>
    public static PciDynamicId Add(string driver, ushort vendorId, ushort deviceId)
    {
        ArgumentException.ThrowIfNullOrEmpty(driver);
        var function = new BusDevice("pci", "");
        if (!function.HasDriver(driver))
            throw UioException.NotFound(Calls.AddPciId, driver, function.NoSuchDriver(driver));

        var id = new PciDynamicId(driver, vendorId, deviceId);
        int result = id.Write("new_id");
        return result < 0 ? throw UioException.From(Calls.AddPciId, $"{driver} ({id})", result) : id;
    }

    /// <summary>Leaves the numbers with the driver: <see cref="Dispose"/> does nothing from now on.</summary>
    public void Keep()
    {
        lock (_gate)
            _ended = true;
    }

    /// <summary>
    /// Takes the numbers away from the driver, and unbinds the functions that it got by them. These are left without a
    /// driver.
    /// </summary>
    /// <exception cref="UioException">ENODEV: somebody else has taken them away. EACCES: the process is not root.</exception>
    public void Remove()
    {
        lock (_gate)
        {
            if (_ended)
                return;

            int result = Write("remove_id");
            foreach (BusDevice function in All)
            {
                if (function.Driver == Driver && !_before.Contains(function.Name))
                    result = Math.Min(result, function.Unbind(Driver));
            }

            if (result < 0)
                throw UioException.From(Calls.RemovePciId, $"{Driver} ({this})", result);
            _ended = true;
        }
    }

    /// <summary>Takes the numbers away, as <see cref="Remove"/> does, but does not throw when that fails.</summary>
    public void Dispose()
    {
        try
        {
            Remove();
        }
        catch (UioException)
        {
            // A caller that needs the result calls Remove.
        }
    }

    /// <summary>The numbers as lspci -n writes them: <c>1234:11e8</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{VendorId:x4}:{DeviceId:x4}");

    private IEnumerable<BusDevice> All => PciFunction.Find(VendorId, DeviceId).Select(address => new BusDevice("pci", address));

    private int Write(string attribute) =>
        SysFs.Write($"{Bus}/drivers/{Driver}/{attribute}", string.Create(CultureInfo.InvariantCulture, $"{VendorId:x4} {DeviceId:x4}"));
}
