using System.Globalization;

namespace UioInterop.Tool.Output;

// What commands print with --json. Addresses and values of registers are text in hexadecimal: JSON's numbers have 53 bits.

internal sealed record MapData(int Index, string Name, string Address, long Length) : IData
{
    public IEnumerable<(string, object?)> Fields =>
        [("index", Index), ("name", Name), ("address", Address), ("length", Length)];
}

internal sealed record DeviceData(UioDeviceInfo Info) : IData
{
    public IEnumerable<(string, object?)> Fields =>
    [
        ("number", Info.Number), ("path", Info.DevicePath), ("name", Info.Name), ("parent", Info.ParentName), ("driver", Info.Driver),
        ("node", Info.DeviceTreeNode), ("compatible", Info.Compatible),
        ("maps", Info.Maps.Select(map => new MapData(map.Index, map.Name, Hex.Of(map.PhysicalAddress), map.Length)).ToArray()),
        ("iommuGroup", Info.Iommu?.Number), ("iommuType", Info.Iommu?.Type), ("interrupts", Info.Interrupts),
    ];
}

/// <param name="Info">What sysfs tells.</param>
/// <param name="Features">What the kernel can do for its imports; null when it could not be opened.</param>
/// <param name="WhyNotOpened">Why it could not be opened.</param>
internal sealed record DeviceDetails(UioDeviceInfo Info, UioFeatures? Features, string? WhyNotOpened) : IData
{
    public IEnumerable<(string, object?)> Fields =>
    [
        ("device", new DeviceData(Info)), ("features", Features is null ? null : new FeatureData(Features)), ("whyNotOpened", WhyNotOpened),
    ];
}

internal sealed record FeatureData(UioFeatures Features) : IData
{
    public IEnumerable<(string, object?)> Fields =>
    [
        ("attachesByHandle", Features.AttachesByHandle), ("exposesAddresses", Features.ExposesAddresses),
        ("writesAddresses", Features.WritesAddresses), ("runsQuiescePrograms", Features.RunsQuiescePrograms),
        ("translation", $"{Features.Translation}"), ("addressBits", Features.AddressBits),
        ("maxMappings", Features.MaxMappings), ("maxBytes", Features.MaxBytes),
    ];
}

internal sealed record InterruptData(string Device, string Name, uint Total, uint Came, double PerSecond) : IData
{
    public IEnumerable<(string, object?)> Fields =>
        [("device", Device), ("name", Name), ("total", Total), ("came", Came), ("perSecond", PerSecond)];
}

internal sealed record RegisterData(string Offset, string Value) : IData
{
    public IEnumerable<(string, object?)> Fields => [("offset", Offset), ("value", Value)];
}

internal sealed record BindingData(string Device, string? Driver, string? Before, string? Node) : IData
{
    public IEnumerable<(string, object?)> Fields => [("device", Device), ("driver", Driver), ("before", Before), ("node", Node)];
}

internal sealed record HeapData(string Name, string Path, bool IsOpen, string? WhyNot) : IData
{
    public IEnumerable<(string, object?)> Fields => [("name", Name), ("path", Path), ("isOpen", IsOpen), ("whyNot", WhyNot)];

    /// <summary>Tries whether a heap gives a page to this program.</summary>
    public static HeapData Of(DmaHeap heap)
    {
        try
        {
            using DmaBuf buffer = heap.Allocate(1);
            return new HeapData(heap.Name, heap.DevicePath, true, null);
        }
        catch (UioException error)
        {
            return new HeapData(heap.Name, heap.DevicePath, false, error.Message);
        }
    }
}

internal sealed record RangeData(string Address, long Length) : IData
{
    public IEnumerable<(string, object?)> Fields => [("address", Address), ("length", Length)];
}

internal sealed record ImportData(
    string Device, string Heap, DmaDirection Direction, long Length, int RangeCount, IReadOnlyList<RangeData>? Ranges) : IData
{
    public IEnumerable<(string, object?)> Fields =>
    [
        ("device", Device), ("heap", Heap), ("direction", $"{Direction}"), ("length", Length), ("rangeCount", RangeCount),
        ("ranges", Ranges),
    ];
}

internal sealed record CopyData(string Device, int Length, int Times, bool IsEqual, double Milliseconds) : IData
{
    public IEnumerable<(string, object?)> Fields =>
        [("device", Device), ("length", Length), ("times", Times), ("isEqual", IsEqual), ("milliseconds", Milliseconds)];
}

/// <summary>Numbers as hexadecimal text.</summary>
internal static class Hex
{
    public static string Of(ulong value) => string.Create(CultureInfo.InvariantCulture, $"0x{value:x}");

    /// <summary>All digits of a register.</summary>
    public static string Of(ulong value, int bits) => "0x" + value.ToString($"x{bits / 4}", CultureInfo.InvariantCulture);
}
