namespace UioInterop.GuestTests.Support;

/// <summary>A device on the PCI or platform bus, read and bound behind the library's back.</summary>
internal sealed record SysDevice(string Bus, string Name)
{
    /// <summary>The firmware configuration of QEMU's PC: a platform device from ACPI that no driver of the test kernel wants.</summary>
    public static SysDevice FwCfg { get; } = new("platform", "QEMU0002:00");

    public static SysDevice Edu { get; } = new("pci", EduFunction.Address);

    /// <summary>A second PCI function for uio_pci_generic: the disk controller, which has no disk.</summary>
    public static SysDevice Sata { get; } = new("pci", "0000:00:1f.2");

    public string? Driver => Directory.Exists($"{Folder}/driver") ? File.ResolveLinkTarget($"{Folder}/driver", returnFinalTarget: false)!.Name : null;

    public string? Override
    {
        get => File.ReadAllText($"{Folder}/driver_override").Trim() is "(null)" or "" ? null : File.ReadAllText($"{Folder}/driver_override").Trim();
        set => File.WriteAllText($"{Folder}/driver_override", value ?? "\n");
    }

    private string Folder => $"/sys/bus/{Bus}/devices/{Name}";

    public void Bind(string driver)
    {
        Override = driver;
        File.WriteAllText($"/sys/bus/{Bus}/drivers_probe", Name);
        Assert.That(Driver, Is.EqualTo(driver));
    }

    /// <summary>Takes it from its driver and lets any have it again.</summary>
    public void Free()
    {
        if (Driver is { } driver)
            File.WriteAllText($"/sys/bus/{Bus}/drivers/{driver}/unbind", Name);
        Override = null;
    }
}
