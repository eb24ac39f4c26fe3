using UioInterop.Interop;

namespace UioInterop;

/// <summary>Finds the one UIO device that an id means.</summary>
internal static class UioDeviceLookup
{
    /// <summary>Finds it.</summary>
    /// <exception cref="UioException">
    /// ENODEV: there is none; the message lists the existing ones, and says how to get the missing one. ENOTUNIQ: there are
    /// several; the message lists them.
    /// </exception>
    public static UioDeviceInfo Find(UioDeviceId id) =>
        TryFind(id) ?? throw UioException.NotFound(Calls.Open, id.ToString(), WhyMissing(id));

    /// <summary>Finds it; null when there is none.</summary>
    /// <exception cref="UioException">ENOTUNIQ: there are several.</exception>
    public static UioDeviceInfo? TryFind(UioDeviceId id)
    {
        id.ThrowIfNone(nameof(id));
        if (id.TryRead(out UioDeviceInfo? device))
            return device;

        List<UioDeviceInfo> found = [.. SysFs.ReadUioDevices().Where(id.Matches)];
        return found.Count switch
        {
            0 => null,
            1 => found[0],
            _ => throw new UioException(Calls.Open, id.ToString(), Errno.ENOTUNIQ,
                $"more than one device answers to that, choose one by its number or parent: {string.Join(", ", found)}"),
        };
    }

    /// <summary>In words, why there is none and what to do about it.</summary>
    public static string WhyMissing(UioDeviceId id)
    {
        if (!SysFs.HasUio)
            return "this kernel has no UIO: CONFIG_UIO=y, or modprobe uio, and sysfs on /sys";

        List<BusDevice> behind = [.. BusDevice.All.Where(id.IsOf)];
        string? why = behind.Count > 0 ? string.Join("; ", behind.Select(device => device.HowToBind())) : id.WhyUnknown();
        List<UioDeviceInfo> all = SysFs.ReadUioDevices();
        string there = all.Count > 0 ? $"there is: {string.Join(", ", all)}"
            : why is null ? "there is no UIO device at all: bind one to a UIO driver (DriverBinding), such as "
                + "uio_pci_generic or uio_pdrv_genirq"
            : "there is no UIO device at all";
        return why is null ? there : $"{why}; {there}";
    }
}
