using UioInterop.Tool.Output;

namespace UioInterop.Tool.Doctor;

/// <summary>One UIO device: from its node to a buffer that it reaches.</summary>
internal static class DeviceChecks
{
    private const int Busy = 16; // EBUSY
    private const long TestLength = 4096;

    /// <param name="info">The device.</param>
    /// <param name="findings">Gets what was seen.</param>
    /// <returns>Whether a buffer could be imported.</returns>
    public static bool Run(UioDeviceInfo info, List<Finding> findings)
    {
        string name = info.DevicePath;
        if (!Path.Exists(name))
        {
            findings.Add(Finding.Problem("node", name, "the kernel has the device, and /dev has no node of it: this may be a container",
                $"docker run --device {name} …; without a container: mdev -s, or mount -t devtmpfs dev /dev"));
            return false;
        }

        Power(info, findings);
        UioDevice device;
        try
        {
            device = UioDevice.Open(UioDeviceId.FromNumber(info.Number));
        }
        catch (UioException error)
        {
            findings.Add(error.Errno == Busy
                ? Finding.Note("open", name, "another program has it open; it was not tried further", error.Remedy)
                : Finding.Problem("open", name, "it cannot be opened", error.Remedy));
            return false;
        }

        using (device)
        {
            findings.Add(Finding.Good("open", name, info.ToString()));
            Registers(device, findings);
            Interrupt(info, findings);
            Translation(device, findings);
            return Import(device, findings);
        }
    }

    private static void Power(UioDeviceInfo info, List<Finding> findings)
    {
        if (Text.Read($"{info.ParentPath}/power/runtime_status") is "error")
        {
            findings.Add(Finding.Problem("power", info.DevicePath, "its power domain or its clock could not be switched on",
                "see dmesg, and the node's clocks and power-domains properties"));
        }
    }

    private static void Registers(UioDevice device, List<Finding> findings)
    {
        string name = device.Info.DevicePath;
        if (device.Info.Maps.Count == 0)
        {
            findings.Add(Finding.Note("registers", name, "its driver gives no memory map", device.Info.Driver == "uio_pci_generic"
                ? $"use {device.Info.ParentPath}/resource0"
                : "give its device-tree node a reg property"));
            return;
        }

        foreach (UioMapInfo map in device.Info.Maps)
        {
            try
            {
                // Mapped, and not read: a core without a clock would hang the machine.
                _ = device.GetRegisters(map.Index);
                findings.Add(Finding.Good("registers", name, map.ToString()));
            }
            catch (UioException error)
            {
                findings.Add(Finding.Problem("registers", name, $"{map} cannot be mapped", error.Remedy));
            }
        }
    }

    private static void Interrupt(UioDeviceInfo info, List<Finding> findings)
    {
        // The kernel registers a handler under the UIO device's name.
        string[] lines = (Text.Read("/proc/interrupts") ?? "").Split('\n');
        bool has = lines.Any(line => line.TrimEnd().EndsWith(info.Name, StringComparison.Ordinal));
        findings.Add(has
            ? Finding.Good("interrupt", info.DevicePath, $"{info.Interrupts} have come so far")
            : Finding.Note("interrupt", info.DevicePath, "it has none: waits for it fail",
                "give its device-tree node an interrupts property, or poll a status register"));
    }

    private static void Translation(UioDevice device, List<Finding> findings)
    {
        (string name, UioFeatures features) = (device.Info.DevicePath, device.Features);
        switch (features.Translation == DmaTranslation.Unknown ? FromSysFs(device.Info.Iommu) : features.Translation)
        {
            case DmaTranslation.Strict:
                findings.Add(Finding.Good("iommu", name, "an IOMMU keeps it from memory that it was not given"));
                break;
            case DmaTranslation.Lazy:
                findings.Add(Finding.Note("iommu", name,
                    "its IOMMU is lazy: when a mapping ends, its memory may be somebody else's a moment before the device has lost it, "
                        + "so importing needs CAP_SYS_RAWIO",
                    $"uio unbind, then echo DMA > /sys/kernel/iommu_groups/{device.Info.Iommu?.Number}/type"));
                break;
            default:
                findings.Add(Finding.Note(
                    "iommu", name, "no IOMMU translates for it: it can write anywhere, and importing needs CAP_SYS_RAWIO"));
                break;
        }

        if (!features.AttachesByHandle)
        {
            findings.Add(Finding.Note("abi", name, "the kernel does not have the import by handle",
                "put the series into it: kernel-patch/apply.sh TREE; the boards' two ioctls do for buffers in one piece"));
        }
    }

    // A kernel without the series does not report the translation. Documentation/ABI/testing/sysfs-kernel-iommu_groups: DMA is
    // strict, DMA-FQ lazy.
    private static DmaTranslation FromSysFs(IommuGroup? group) => group switch
    {
        null => DmaTranslation.None,
        { IsStrict: true } => DmaTranslation.Strict,
        { Translates: true } => DmaTranslation.Lazy,
        _ => DmaTranslation.Identity,
    };

    private static bool Import(UioDevice device, List<Finding> findings)
    {
        string name = device.Info.DevicePath;
        try
        {
            using DeviceBuffer<byte> buffer = device.Allocate<byte>(TestLength, DmaDirection.Bidirectional);
            findings.Add(Finding.Good("import", name, $"it reaches {ByteSize.Of(TestLength)} of {buffer.Buffer}"));
            return true;
        }
        catch (UioException error)
        {
            findings.Add(Finding.Problem("import", name, $"no buffer can be imported ({error.Call}: {error.ErrnoName})", error.Remedy));
            return false;
        }
    }
}
