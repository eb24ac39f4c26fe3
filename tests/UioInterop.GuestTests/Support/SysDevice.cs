namespace UioInterop.GuestTests.Support;

/// <summary>A device on the PCI or platform bus, read and bound behind the library's back.</summary>
internal sealed record SysDevice(string Bus, string Name)
{
    // What QEMU makes of its firmware configuration, from ACPI on a PC, from the device tree of its ARM machine; and a
    // DMA channel of Xilinx's boards.
    private static readonly string[] s_unclaimed = ["QEMU0002:00", "9020000.fw-cfg", "ffab0000.dma"];

    /// <summary>A platform device that no driver of the test kernel wants.</summary>
    public static SysDevice Unclaimed { get; } =
        new("platform", s_unclaimed.Single(name => Directory.Exists($"/sys/bus/platform/devices/{name}")));

    /// <summary>A second PCI function for uio_pci_generic: the PC's disk controller, which has no disk.</summary>
    public static SysDevice Sata { get; } = new("pci", "0000:00:1f.2");

    public string? Driver =>
        Directory.Exists($"{Folder}/driver") ? File.ResolveLinkTarget($"{Folder}/driver", returnFinalTarget: false)!.Name : null;

    public string? Override
    {
        get => File.ReadAllText($"{Folder}/driver_override").Trim() is "(null)" or "" ? null
            : File.ReadAllText($"{Folder}/driver_override").Trim();
        set => File.WriteAllText($"{Folder}/driver_override", value ?? "\n");
    }

    public string Folder => $"/sys/bus/{Bus}/devices/{Name}";

    public void Bind(string driver)
    {
        Override = driver;
        File.WriteAllText($"/sys/bus/{Bus}/drivers_probe", Name);
        Assert.That(Driver, Is.EqualTo(driver));
    }

    /// <summary>Takes it from its driver and lets any have it again. Does nothing on a machine that has no such device.</summary>
    public void Free()
    {
        if (!Directory.Exists(Folder))
            return;

        if (Driver is { } driver)
            File.WriteAllText($"/sys/bus/{Bus}/drivers/{driver}/unbind", Name);
        Override = null;
    }
}
