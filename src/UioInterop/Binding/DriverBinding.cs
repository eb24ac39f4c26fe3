using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// Binds a PCI function or a platform device to a driver, such as a UIO driver, and gives it back to its previous driver in the
/// end.
/// </summary>
/// <remarks>
/// <para>Works with <c>driver_override</c>, <c>unbind</c> and <c>bind</c> in /sys/bus, see
/// Documentation/ABI/testing/sysfs-bus-pci and sysfs-bus-platform; needs root.</para>
/// <para>Dispose the <see cref="UioDevice"/> first. Giving back does not wait for it: a UIO device that is still open
/// loses its mappings and answers everything with ENODEV or EIO from then on.</para>
/// <para>A process that ends without <see cref="Dispose"/> leaves the device where it is, as <see cref="Keep"/> does.
/// Thread-safe.</para>
/// </remarks>
public sealed class DriverBinding : IDisposable
{
    private readonly Lock _gate = new();
    private readonly BusDevice _device;
    private readonly string? _previousOverride;
    private bool _ended;

    private DriverBinding(BusDevice device, string driver, string? previousDriver, string? previousOverride)
    {
        _device = device;
        Driver = driver;
        PreviousDriver = previousDriver;
        _previousOverride = previousOverride;
        _ended = previousDriver == driver;
    }

    /// <summary>The device, by its name on its bus: <c>0000:00:02.0</c>, <c>ffa80000.dma</c>.</summary>
    public string Device => _device.Name;

    /// <summary>The driver that it was given to.</summary>
    public string Driver { get; }

    /// <summary>The driver that had it before; null when none had. The same as <see cref="Driver"/> when nothing had to be done.</summary>
    public string? PreviousDriver { get; }

    /// <summary>Binds a device to the UIO driver of its bus, as <see cref="Bind(string, string, bool)"/> does.</summary>
    /// <inheritdoc cref="Bind(string, string, bool)"/>
    public static DriverBinding Bind(string device, bool takeOver = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(device);
        return Bind(device, Find(device).UioDriver, takeOver);
    }

    /// <summary>
    /// Binds a device to a driver. Does nothing when that driver has it already; there is nothing to give back then.
    /// </summary>
    /// <param name="device">
    /// The device, by its name on its bus: a PCI address, <c>0000:00:02.0</c> or <c>00:02.0</c>, or a platform device as
    /// <c>ffa80000.dma</c>.
    /// </param>
    /// <param name="driver">The driver: <c>uio_pci_generic</c> for PCI, <c>uio_pdrv_genirq</c> for platform devices.</param>
    /// <param name="takeOver">
    /// Whether to take the device from a driver that has it, or that <c>driver_override</c> reserves it for. Users of that
    /// driver, such as a file system, lose the device.
    /// </param>
    /// <exception cref="UioException">
    /// ENODEV: there is no such device, or no such driver. EBUSY: another driver has the device, or it is kept for one;
    /// the message says which. EACCES: the process is not root. Others come from the driver, which refused it; the
    /// device is then back where it was.
    /// </exception>
    public static DriverBinding Bind(string device, string driver, bool takeOver = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(device);
        ArgumentException.ThrowIfNullOrEmpty(driver);

        BusDevice target = Find(device);
        if (!target.HasDriver(driver))
            throw UioException.NotFound(Calls.Bind, target.Name, target.NoSuchDriver(driver));

        var binding = new DriverBinding(target, driver, target.Driver, target.DriverOverride);
        if (!binding._ended)
            binding.Take(takeOver);
        return binding;
    }

    /// <summary>
    /// Takes a device from the driver that has it, whoever bound it, clears its <c>driver_override</c>, and offers it to the kernel's
    /// other drivers. Does nothing to a device without a driver and an override.
    /// </summary>
    /// <param name="device">The device, by its name on its bus, as for <see cref="Bind(string, string, bool)"/>.</param>
    /// <returns>The driver that has it now, which may be the same one if that matches without an override; null when none has it.</returns>
    /// <exception cref="UioException">
    /// ENODEV: there is no such device. ENOENT: its driver does not let go of devices. EACCES: the process is not root.
    /// </exception>
    public static string? Release(string device)
    {
        ArgumentException.ThrowIfNullOrEmpty(device);

        BusDevice target = Find(device);
        int result = target.DriverOverride is null ? 0 : target.SetOverride(null);
        if (result >= 0 && target.Driver is { } driver)
        {
            result = target.Unbind(driver);
            if (result >= 0)
                result = target.Probe();
        }

        return result < 0 ? throw UioException.From(Calls.Bind, target.Name, result) : target.Driver;
    }

    /// <summary>Leaves the device with its driver: <see cref="Dispose"/> does nothing from now on.</summary>
    public void Keep()
    {
        lock (_gate)
            _ended = true;
    }

    /// <summary>
    /// Gives the device back: to the driver that had it, or to none, and with the <c>driver_override</c> that it had.
    /// A device that somebody else has bound to a third driver since, or that was unplugged, is left alone.
    /// </summary>
    /// <exception cref="UioException">
    /// The driver that had it does not take it back, and the device is now without one; or the process is not root.
    /// </exception>
    public void GiveBack()
    {
        lock (_gate)
        {
            if (_ended)
                return;

            int result = Restore();
            if (result < 0)
                throw UioException.From(Calls.GiveBack, Device, result);
            _ended = true;
        }
    }

    /// <summary>Gives the device back, as <see cref="GiveBack"/> does, but does not throw when that fails.</summary>
    public void Dispose()
    {
        try
        {
            GiveBack();
        }
        catch (UioException)
        {
            // A caller that needs the result calls GiveBack.
        }
    }

    /// <summary>The device and its driver in words: <c>0000:00:02.0 bound to uio_pci_generic</c>.</summary>
    public override string ToString() => $"{Device} bound to {Driver}";

    private static BusDevice Find(string device)
    {
        string name = PciFunction.TryParseAddress(device, out string address) ? address : device;
        return BusDevice.Find(name) ?? throw UioException.NotFound(Calls.Bind, name, BusDevice.NoSuchDevice(name));
    }

    private void Take(bool takeOver)
    {
        if (!takeOver && PreviousDriver is not null)
            throw Busy($"its driver is {PreviousDriver}; if that can be spared, pass takeOver: true");
        if (!takeOver && _previousOverride is not null && _previousOverride != Driver)
            throw Busy($"its driver_override keeps it for {_previousOverride}; if that is not wanted any more, pass takeOver: true");

        // The override first: between two drivers no third one may take it.
        int result = _device.SetOverride(Driver);
        if (result < 0)
            throw UioException.From(Calls.Bind, $"{_device.Folder}/driver_override", result);

        if (PreviousDriver is not null && (result = _device.Unbind(PreviousDriver)) < 0 && _device.Driver is not null)
        {
            _ = _device.SetOverride(_previousOverride);
            throw new UioException(Calls.Bind, Device, -result, result == -Errno.ENOENT
                ? $"its driver is {PreviousDriver}, which does not let go of devices (it has no \"unbind\" in "
                    + $"/sys/bus/{_device.Bus}/drivers)"
                : $"its driver is {PreviousDriver}, and {Remedies.For(Calls.Bind, Device, -result)}");
        }

        result = _device.Bind(Driver);
        if (result < 0 && _device.Driver != Driver)
        {
            string remedy = result == -Errno.EBUSY
                ? $"{_device.Driver ?? "another driver"} took it in this moment"
                : $"{Driver} refused it; {Remedies.For(Calls.Bind, Device, -result)}";
            if (Restore() < 0)
                remedy += $"; {PreviousDriver ?? "sysfs"} did not take it back";
            throw new UioException(Calls.Bind, Device, -result, remedy);
        }
    }

    private int Restore()
    {
        if (!_device.Exists)
            return 0;

        // What somebody else has changed since is left as it is.
        string? current = _device.Driver;
        string? @override = _device.DriverOverride;
        string? last = @override == Driver ? _previousOverride : @override;
        bool given = current == Driver || (current is null && @override == Driver);
        if (!given)
            return last == @override ? 0 : _device.SetOverride(last);

        // Through the override again: the previous driver may have matched the device by that alone.
        int result = _device.SetOverride(PreviousDriver ?? last);
        if (result >= 0 && current == Driver)
            result = _device.Unbind(Driver);
        if (result >= 0 && PreviousDriver is not null)
            result = _device.Bind(PreviousDriver);
        if (PreviousDriver is not null && last != PreviousDriver && _device.SetOverride(last) is < 0 and int failed && result >= 0)
            result = failed;
        return result;
    }

    private UioException Busy(string remedy) => new(Calls.Bind, Device, Errno.EBUSY, remedy);
}
