using System.Diagnostics;

namespace UioInterop;

/// <summary>What the kernel says about a UIO device. A snapshot: it does not change when the device does.</summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class UioDeviceInfo
{
    internal UioDeviceInfo() { }

    /// <summary>Its number: 0 is /dev/uio0.</summary>
    public required int Number { get; init; }

    /// <summary>Its node: <c>/dev/uio0</c>.</summary>
    public string DevicePath => $"/dev/uio{Number}";

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

    /// <summary>Its IOMMU group; null on a machine without an IOMMU.</summary>
    public required IommuGroup? Iommu { get; init; }

    /// <summary>The device in words: <c>/dev/uio0 "uio_pci_generic" (0000:00:02.0)</c>.</summary>
    public override string ToString() => $"{DevicePath} \"{Name}\"{(ParentName.Length > 0 ? $" ({ParentName})" : "")}";
}
