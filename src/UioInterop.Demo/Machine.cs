using System.Runtime.InteropServices;

namespace UioInterop.Demo;

/// <summary>Finds out, and says, what the demo has to work with.</summary>
internal static class Machine
{
    public static void Describe()
    {
        Print.Fact("kernel", $"Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}, {RuntimeInformation.ProcessArchitecture}");
        Print.Fact("dma-heaps", DmaHeap.List() is { Count: > 0 } heaps ? string.Join(", ", heaps) : "none");
    }

    /// <summary>Gives a device to the driver that it needs, and leaves it there for the next run.</summary>
    public static UioDeviceId Bind(string name, string device, string uioDriver)
    {
        using DriverBinding binding = DriverBinding.Bind(device, uioDriver);
        binding.Keep();
        Print.Fact(name, $"{device}, {(binding.PreviousDriver == uioDriver ? "was" : "now")} bound to {uioDriver}");
        return UioDeviceId.FromParent(device);
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
            var group => $"{group}: lazy, unmapped memory stays reachable for some 10 ms, unless the import ends that",
        });
    }

    /// <summary>Where the device reaches a buffer from a byte on, as far as the kernel tells.</summary>
    public static string Where(DmaMapping mapping, long offset = 0) =>
        mapping.TryGetAddress(out DeviceAddress address) ? (address + offset).ToString() : "an address that the kernel keeps to itself";

    /// <summary>
    /// Where to allocate: behind an IOMMU pieces look like one range to the device, without one they have to be one.
    /// </summary>
    public static DmaHeap HeapFor(UioDeviceInfo device) =>
        device.Iommu is { Translates: true } ? DmaHeap.System : DmaHeap.Cma;
}
