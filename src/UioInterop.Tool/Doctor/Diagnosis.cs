namespace UioInterop.Tool.Doctor;

/// <summary>Walks the chain from the kernel to a buffer that a device reaches.</summary>
internal static class Diagnosis
{
    /// <param name="only">The device that matters; null: any.</param>
    public static DoctorReport Run(UioDeviceInfo? only)
    {
        IReadOnlyList<UioDeviceInfo> devices = only is null ? UioDevice.List() : [only];
        List<Finding> findings = [.. KernelChecks.Run(), .. HeapChecks.Run(devices)];
        if (devices.Count == 0)
        {
            findings.Add(Finding.Problem("devices", "/sys/class/uio", "no device is bound to a UIO driver",
                "uio bind DEVICE; DEVICE is a PCI function as 0000:00:02.0 (lspci -D), or one of ls /sys/bus/platform/devices"));
        }

        bool canTransfer = false;
        foreach (UioDeviceInfo device in devices)
            canTransfer |= DeviceChecks.Run(device, findings);
        return new DoctorReport(canTransfer, findings);
    }
}
