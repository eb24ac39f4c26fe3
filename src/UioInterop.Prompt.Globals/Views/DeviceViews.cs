using System.Globalization;

namespace UioInterop.Prompt.Views;

/// <summary>The library's objects as text. No register is read for it, and no buffer that a device touches.</summary>
internal static class DeviceViews
{
    private const int Head = 32;

    public static string Of(UioDevice device)
    {
        string state = device.IsDisposed
            ? "disposed"
            : $"{device.Mappings.Count} mappings, {device.Mappings.Count(one => one.IsInTransfer)} in transfer";
        string imports = device.Features.AttachesByHandle ? "by handle" : "by the boards' ioctls, if at all";
        string[] mappings = device.IsDisposed
            ? []
            : [.. device.Mappings.Select(mapping => $"  {mapping}, {Count(mapping.RangeCount, "range")}")];
        return string.Join('\n', [$"{Of(device.Info)}", $"  {state}; imports {imports}", .. mappings]);
    }

    public static string Of(UioDeviceInfo info)
    {
        List<string[]> maps = [.. info.Maps.Select(map => new[]
        {
            $"map{map.Index}", map.Name, $"0x{map.PhysicalAddress.ToString("x", CultureInfo.InvariantCulture)}", ByteSize.Of(map.Length),
        })];
        string[] where =
        [
            .. new[] { info.ParentName, info.Driver, info.DeviceTreeNode, string.Join(' ', info.Compatible), info.Iommu?.ToString() ?? "" }
                .Where(part => part.Length > 0),
        ];
        return string.Join('\n', new[] { $"{info.DevicePath} \"{info.Name}\"", $"  {string.Join(", ", where)}", Table.Of(maps, "  ") }
            .Where(line => line.Trim().Length > 0));
    }

    public static string Of(IReadOnlyCollection<UioDeviceInfo> devices) => devices.Count == 0
        ? "no UIO device: bind one to a UIO driver, as DriverBinding.Bind(\"0000:00:01.0\", \"uio_pci_generic\")"
        : Table.Of([
            ["device", "name", "parent", "driver", "maps"],
            .. devices.Select(info => new[]
            {
                info.DevicePath, info.Name, info.ParentName, info.Driver,
                string.Join(", ", info.Maps.Select(map => ByteSize.Of(map.Length))),
            }),
        ]);

    public static string Of(DmaBuf buffer) => buffer.IsDisposed ? buffer.ToString() : $"{buffer}\n{HeadOf(buffer)}";

    public static string Of(DmaMapping mapping)
    {
        if (mapping.HasEnded)
            return mapping.ToString();
        return $"{mapping}\n{RangesOf(mapping)}\n{HeadOf(mapping.Buffer)}";
    }

    /// <summary>A device's buffer, whatever its values are.</summary>
    public static string Of(string words, DmaMapping mapping) =>
        mapping.HasEnded ? words : $"{words}\n{RangesOf(mapping)}\n{HeadOf(mapping.Buffer)}";

    private static string RangesOf(DmaMapping mapping)
    {
        const int Most = 4;
        try
        {
            IReadOnlyList<DmaRange> ranges = mapping.Ranges;
            return Table.Of([
                .. ranges.Take(Most).Select(range => new[] { range.Address.ToString(), ByteSize.Of(range.Length) }),
                .. ranges.Count > Most ? [[$"and {ranges.Count - Most} more", ""]] : Array.Empty<string[]>(),
            ], "  ");
        }
        catch (Exception error) when (error is IOException or InvalidOperationException or NotSupportedException)
        {
            return $"  {Count(mapping.RangeCount, "range")}, addresses unknown";
        }
    }

    private static string HeadOf(DmaBuf buffer)
    {
        try
        {
            using CpuAccess access = buffer.BeginAccess(CpuAccessMode.Read, 0, (int)Math.Min(Head, buffer.Length));
            return HexDump.Of(access.Span, 0);
        }
        catch (Exception error) when (error is InvalidOperationException or IOException)
        {
            return $"  not to be read now: {error.Message}";
        }
    }

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
