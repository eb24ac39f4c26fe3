namespace UioInterop.Tool.Doctor;

/// <summary>Checks of the kernel that need no device.</summary>
internal static class KernelChecks
{
    private const string Kernel = "kernel";

    public static IEnumerable<Finding> Run()
    {
        if (!Directory.Exists("/sys/class"))
        {
            yield return Finding.Problem("sysfs", Kernel, "sysfs is not on /sys", "mount -t sysfs sysfs /sys");
            yield break;
        }

        yield return Directory.Exists("/sys/class/uio")
            ? Finding.Good("uio", Kernel, "it has UIO")
            : Finding.Problem("uio", Kernel, "it has no UIO, or its module is not loaded", "modprobe uio; else build it with CONFIG_UIO=y");

        if (Text.Read("/sys/kernel/security/lockdown") is { } lockdown && !lockdown.Contains("[none]", StringComparison.Ordinal))
        {
            yield return Finding.Note("lockdown", Kernel, $"it is locked down ({lockdown}): registers and PCI configuration may be refused",
                "switch secure boot off, or lockdown= on the kernel's command line");
        }

        foreach (string manager in Text.Folders("/sys/class/fpga_manager"))
            yield return FpgaManager(manager);
    }

    /// <summary>Whether the programmable logic has a design: without one, a core in it answers nothing, and an access may hang.</summary>
    public static Finding FpgaManager(string folder)
    {
        (string name, string state) = (Path.GetFileName(folder), Text.Read($"{folder}/state") ?? "unknown");
        return state == "operating"
            ? Finding.Good("fpga", name, "the programmable logic has a design")
            : Finding.Note("fpga", name,
                $"the programmable logic is in the state \"{state}\": its cores do not answer, and an access may hang",
                "load a design: fpgautil -b DESIGN.bit.bin");
    }
}
