using System.Globalization;

namespace UioInterop.Tool.Output;

// What commands print with --json. Addresses and values of registers are text in hexadecimal: JSON's numbers have 53 bits.

internal sealed record MapData(int Index, string Name, string Address, long Length);

internal sealed record DeviceData(
    int Number, string Path, string Name, string Parent, string Driver, string Node, IReadOnlyList<string> Compatible,
    IReadOnlyList<MapData> Maps, int? IommuGroup, string? IommuType, uint Interrupts)
{
    public static DeviceData Of(UioDeviceInfo info) => new(
        info.Number, info.DevicePath, info.Name, info.ParentName, info.Driver, info.DeviceTreeNode, info.Compatible,
        [.. info.Maps.Select(map => new MapData(map.Index, map.Name, Hex.Of(map.PhysicalAddress), map.Length))],
        info.Iommu?.Number, info.Iommu?.Type, info.Interrupts);
}

/// <param name="Device">What sysfs tells.</param>
/// <param name="Features">What the kernel can do for its imports; null when it could not be opened.</param>
/// <param name="WhyNotOpened">Why it could not be opened.</param>
internal sealed record DeviceDetails(DeviceData Device, FeatureData? Features, string? WhyNotOpened);

internal sealed record FeatureData(
    bool AttachesByHandle, bool ExposesAddresses, bool WritesAddresses, bool RunsQuiescePrograms, DmaTranslation Translation,
    int AddressBits, long MaxMappings, long MaxBytes)
{
    public static FeatureData Of(UioFeatures features) => new(
        features.AttachesByHandle, features.ExposesAddresses, features.WritesAddresses, features.RunsQuiescePrograms,
        features.Translation, features.AddressBits, features.MaxMappings, features.MaxBytes);
}

internal sealed record InterruptData(string Device, string Name, uint Total, uint Came, double PerSecond);

internal sealed record RegisterData(string Offset, string Value);

internal sealed record BindingData(string Device, string? Driver, string? Before, string? Node);

internal sealed record HeapData(string Name, string Path, bool IsOpen, string? WhyNot);

internal sealed record RangeData(string Address, long Length);

internal sealed record ImportData(
    string Device, string Heap, DmaDirection Direction, long Length, int RangeCount, IReadOnlyList<RangeData>? Ranges);

internal sealed record CopyData(string Device, int Length, int Times, bool IsEqual, double Milliseconds);

/// <summary>Numbers as hexadecimal text.</summary>
internal static class Hex
{
    public static string Of(ulong value) => string.Create(CultureInfo.InvariantCulture, $"0x{value:x}");

    /// <summary>All digits of a register.</summary>
    public static string Of(ulong value, int bits) => "0x" + value.ToString($"x{bits / 4}", CultureInfo.InvariantCulture);
}
