using System.Diagnostics;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>What the kernel says about a UIO device. A snapshot: it does not change when the device does.</summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class UioDeviceInfo
{
    internal UioDeviceInfo() { }

    /// <summary>Its number: 0 is /dev/uio0.</summary>
    public required int Number { get; init; }

    /// <summary>Its node: <c>/dev/uio0</c>, or the other one by which it was found.</summary>
    public string DevicePath { get => field ?? $"/dev/uio{Number}"; init; }

    /// <summary>The number that its nodes have.</summary>
    internal DeviceNumber DeviceNumber { get; init; }

    /// <summary>A number that a later device with the same number does not have.</summary>
    internal ulong Identity { get; init; }

    /// <summary>The name that its UIO driver gave it.</summary>
    public required string Name { get; init; }

    /// <summary>The version of its UIO driver.</summary>
    public required string Version { get; init; }

    /// <summary>The name of the device behind it, such as the PCI address <c>0000:00:02.0</c>; empty when there is none.</summary>
    public required string ParentName { get; init; }

    /// <summary>The device behind it in /sys/devices; empty when there is none.</summary>
    public required string ParentPath { get; init; }

    /// <summary>The driver that the device behind it is bound to, such as <c>uio_pci_generic</c>; empty when unknown.</summary>
    public required string Driver { get; init; }

    /// <summary>The full path of the device-tree node behind it, such as <c>/axi/dma@fd500000</c>; empty when there is none.</summary>
    public required string DeviceTreeNode { get; init; }

    /// <summary>The <c>compatible</c> strings of that node, the most specific first.</summary>
    public required IReadOnlyList<string> Compatible { get; init; }

    /// <summary>Its memory maps, by number.</summary>
    public required IReadOnlyList<UioMapInfo> Maps { get; init; }

    /// <summary>
    /// How many interrupts had come when this was read, modulo 2^32: <c>event</c> of Documentation/ABI/testing/sysfs-class-uio.
    /// </summary>
    public uint Interrupts { get; init; }

    /// <summary>Its IOMMU group; null on a machine without an IOMMU.</summary>
    public required IommuGroup? Iommu { get; init; }

    /// <summary>The device in words: <c>/dev/uio0 "axi-dma-0" (a0000000.dma, 1 map of 4 KiB, uio_pdrv_genirq)</c>.</summary>
    public override string ToString()
    {
        string maps = Maps.Count switch
        {
            0 => "no map",
            1 => $"1 map of {ByteSize.Of(Maps[0].Length)}",
            _ => $"{Maps.Count} maps of {string.Join(", ", Maps.Select(map => ByteSize.Of(map.Length)))}",
        };
        return $"{DevicePath} \"{Name}\" ({string.Join(", ", new[] { ParentName, maps, Driver }.Where(part => part.Length > 0))})";
    }

    /// <summary>The exception that says that the UioDevice has been disposed.</summary>
    /// <param name="rest">What else that means, in words.</param>
    internal ObjectDisposedException Disposed(string rest = "") => new("UioDevice", $"{DevicePath} has been disposed{rest}.");
}
