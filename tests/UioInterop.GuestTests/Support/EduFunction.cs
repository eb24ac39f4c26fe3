namespace UioInterop.GuestTests.Support;

/// <summary>The one edu device of the machine, bound to uio_pci_generic.</summary>
internal static class EduFunction
{
    private const string Driver = "/sys/bus/pci/drivers/uio_pci_generic";

    public static string Address { get; } = Find();

    public static string DevicePath =>
        "/dev/" + Path.GetFileName(Directory.GetDirectories($"/sys/bus/pci/devices/{Address}/uio").Single());

    public static void Bind()
    {
        if (Directory.Exists($"{Driver}/{Address}"))
            return;
        File.WriteAllText($"/sys/bus/pci/devices/{Address}/driver_override", "uio_pci_generic");
        File.WriteAllText("/sys/bus/pci/drivers_probe", Address);
    }

    public static void Unbind() => File.WriteAllText($"{Driver}/unbind", Address);

    private static string Find() => Directory.GetDirectories("/sys/bus/pci/devices")
        .Single(path => File.ReadAllText($"{path}/vendor").Trim() == "0x1234"
            && File.ReadAllText($"{path}/device").Trim() == "0x11e8") is var found ? Path.GetFileName(found) : "";
}
