using System.Runtime.InteropServices;
using UioInterop.Devices;

namespace UioInterop.Demo;

/// <summary>Finds out, and says, what the demo has to work with.</summary>
internal static class Machine
{
    private const string UioDriver = "uio_pci_generic";

    public static void Describe()
    {
        Print.Fact("kernel", $"Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}, {RuntimeInformation.ProcessArchitecture}");
        Print.Fact("dma-heaps", DmaHeap.List() is { Count: > 0 } heaps ? string.Join(", ", heaps) : "none");
    }

    public static void Describe(UioDeviceInfo device)
    {
        Print.Fact("UIO device", $"{device}, driver {device.Driver} {device.Version}");
        foreach (UioMapInfo map in device.Maps)
            Print.Fact("registers", map);
        Print.Fact("IOMMU", device.Iommu switch
        {
            null => "none: the device reaches all memory",
            { Translates: false } group => $"{group}: the device reaches all memory",
            { IsStrict: true } group => $"{group}: the device reaches what is mapped for it, and nothing else",
            var group => $"{group}: lazy, a buffer may stay reachable some 10 ms after its unmap (iommu.strict=1 ends that)",
        });
    }

    /// <summary>Gives edu to a UIO driver, unless it has one, and returns its PCI address.</summary>
    public static string BindEdu()
    {
        IReadOnlyList<string> found = PciFunction.Find(EduDevice.VendorId, EduDevice.DeviceId);
        if (found.Count == 0)
            throw new IOException("This machine has no edu device (PCI 1234:11e8). It is part of QEMU: -device edu,dma_mask=0xffffffff; ./build.sh demo boots such a machine.");

        string address = found[0];
        using DriverBinding binding = DriverBinding.Bind(address, UioDriver);
        binding.Keep(); // for the next run
        Print.Fact("edu", $"PCI {address}, {(binding.PreviousDriver == UioDriver ? "was" : "now")} bound to {UioDriver}");
        return address;
    }

    /// <summary>
    /// Where to allocate: behind an IOMMU pieces look like one range to the device, without one they have to be one.
    /// </summary>
    public static DmaHeap HeapFor(UioDeviceInfo device) =>
        device.Iommu is { Translates: true } ? DmaHeap.System : DmaHeap.Cma;
}
