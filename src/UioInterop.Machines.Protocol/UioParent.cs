namespace UioInterop.Machines.Protocol;

/// <summary>A device as sysfs names it, and the UIO driver that it gets.</summary>
/// <param name="Bus">Its bus, as in /sys/bus: pci, platform.</param>
/// <param name="Name">Its name there: 0000:00:01.0, ffa80000.dma.</param>
/// <param name="Driver">uio_pci_generic, uio_pdrv_genirq.</param>
public sealed record UioParent(string Bus, string Name, string Driver)
{
    /// <summary>What <see cref="ToString"/> wrote.</summary>
    public static UioParent Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Split('/') is [var bus, var name, var driver]
            ? new UioParent(bus, name, driver)
            : throw new FormatException($"not bus/name/driver: {text}");
    }

    /// <summary>Bus, name and driver, with slashes between them.</summary>
    public override string ToString() => $"{Bus}/{Name}/{Driver}";
}
