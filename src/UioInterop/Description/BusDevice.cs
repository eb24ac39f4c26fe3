namespace UioInterop;

/// <summary>A device in /sys/bus/pci or /sys/bus/platform, the buses that UIO drivers of the kernel work on.</summary>
/// <remarks>
/// <c>driver_override</c>, <c>bind</c> and <c>unbind</c> are described in Documentation/ABI/testing/sysfs-bus-pci and
/// sysfs-bus-platform.
/// </remarks>
internal readonly record struct BusDevice(string Bus, string Name)
{
    private const string Root = "/sys/bus";
    private const string Pci = "pci";
    private const int Listed = 6;

    private static readonly string[] Buses = [Pci, "platform"];

    public string Folder => $"{Root}/{Bus}/devices/{Name}";

    public bool Exists => Directory.Exists(Folder);

    /// <summary>The driver that has the device; null when none has.</summary>
    public string? Driver => SysFs.LinkName($"{Folder}/driver");

    /// <summary>The only driver that may have the device (driver_override); null when any may.</summary>
    public string? DriverOverride => SysFs.Read($"{Folder}/driver_override") is { Length: > 0 } name and not "(null)" ? name : null;

    /// <summary>The driver that makes a UIO device of any device on this bus.</summary>
    public string UioDriver => Bus == Pci ? "uio_pci_generic" : "uio_pdrv_genirq";

    public static IEnumerable<BusDevice> All =>
        from bus in Buses
        from folder in SysFs.SubFolders($"{Root}/{bus}/devices")
        select new BusDevice(bus, Path.GetFileName(folder));

    public static BusDevice? Find(string name)
    {
        foreach (string bus in Buses)
        {
            if (IsFileName(name) && new BusDevice(bus, name) is { Exists: true } device)
                return device;
        }

        return null;
    }

    /// <summary>In words, that no device has this name, and the devices whose names are most like it.</summary>
    public static string NoSuchDevice(string name)
    {
        string[] near = [.. All.Select(device => device.Name)
            .OrderByDescending(other => name.AsSpan().CommonPrefixLength(other))
            .ThenBy(other => other, StringComparer.Ordinal)
            .Take(Listed)];
        return near.Length == 0
            ? "there is no device on the PCI or platform bus; sysfs has to be on /sys"
            : $"no device on the PCI or platform bus is called {name}; the nearest are {string.Join(", ", near)}";
    }

    /// <summary>In words, what keeps the device from being a UIO device, and what to do about it.</summary>
    public string HowToBind()
    {
        string bind = $"DriverBinding.Bind(\"{Name}\", \"{UioDriver}\"";
        return (Driver, DriverOverride) switch
        {
            (null, null) => $"{Name} has no driver: {bind}) gives it one",
            (null, { } other) when other != UioDriver =>
                $"{Name} has no driver and is kept for {other} (driver_override): {bind}, takeOver: true) if that can be spared",
            (null, _) => $"{Name} has no driver although {UioDriver} is to have it: {bind}) says why",
            ({ } driver, _) when driver == UioDriver => $"{Name} has the driver {driver}, which has not made a UIO device of it yet",
            ({ } driver, _) => $"{Name} has the driver {driver}: if that can be spared, {bind}, takeOver: true) takes it away",
        };
    }

    public bool HasDriver(string driver) => IsFileName(driver) && Directory.Exists(DriverFolder(driver));

    /// <summary>In words, that the bus has no such driver, and how to get it.</summary>
    public string NoSuchDriver(string driver)
    {
        string bus = Bus;
        return Buses.FirstOrDefault(other => other != bus && new BusDevice(other, "").HasDriver(driver)) is { } right
            ? $"{driver} is a driver for the {right} bus, not for {bus}: take {UioDriver}"
            : $"the kernel has no {bus} driver {driver}: modprobe {driver}, or build it in "
                + $"(CONFIG_{driver.ToUpperInvariant().Replace('-', '_')}=y)";
    }

    // Each returns 0 or a negative error number. An empty line clears the override.
    public int SetOverride(string? driver) => SysFs.Write($"{Folder}/driver_override", driver ?? "\n");

    /// <summary>Binds it, and tells what the driver's probe returned, which <c>drivers_probe</c> would not.</summary>
    public int Bind(string driver) => SysFs.Write($"{DriverFolder(driver)}/bind", Name);

    /// <summary>Offers it to all drivers. 0 says that none failed, not that one took it.</summary>
    public int Probe() => SysFs.Write($"{Root}/{Bus}/drivers_probe", Name);

    public int Unbind(string driver) => SysFs.Write($"{DriverFolder(driver)}/unbind", Name);

    public override string ToString() => Name;

    private string DriverFolder(string driver) => $"{Root}/{Bus}/drivers/{driver}";

    private static bool IsFileName(string name) => !name.Contains('/') && name is not ("." or "..");
}
