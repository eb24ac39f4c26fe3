using System.Globalization;

namespace UioInterop;

/// <summary>Reads /sys. A file that is not there is null: devices come and go while one reads about them.</summary>
internal static class SysFs
{
    private const string UioClass = "/sys/class/uio";

    public static bool HasUio => Directory.Exists(UioClass);

    public static List<UioDeviceInfo> ReadUioDevices()
    {
        var devices = new List<UioDeviceInfo>();
        foreach (string folder in SubFolders(UioClass))
        {
            if (UioDeviceId.TryGetNumber(Path.GetFileName(folder), out int number) && ReadUioDevice(number) is { } device)
                devices.Add(device);
        }

        devices.Sort((a, b) => a.Number.CompareTo(b.Number));
        return devices;
    }

    /// <summary>The count of interrupts so far; null when the device is gone.</summary>
    public static uint? ReadInterruptCount(int number) =>
        uint.TryParse(Read($"{UioClass}/uio{number}/event"), CultureInfo.InvariantCulture, out uint count) ? count : null;

    public static IommuGroup? ReadIommuGroup(string devicePath)
    {
        string group = Path.Combine(devicePath, "iommu_group");
        return LinkName(group) is { } name && int.TryParse(name, CultureInfo.InvariantCulture, out int number)
            ? new IommuGroup(number, Read(Path.Combine(group, "type")) ?? "unknown")
            : null;
    }

    /// <summary>The content of a file without white space at its ends; null when it cannot be read.</summary>
    public static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The last part of the path a link leads to; null when there is no such link.</summary>
    public static string? LinkName(string path) => Target(path) is { } target ? Path.GetFileName(target) : null;

    public static IEnumerable<string> SubFolders(string folder)
    {
        try
        {
            return Directory.GetDirectories(folder);
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static UioDeviceInfo? ReadUioDevice(int number)
    {
        // .NET takes a link's ".." by the letters of its path, so the path must not lead through another link.
        if (Target($"{UioClass}/uio{number}") is not { } folder || Read($"{folder}/name") is not { } name)
            return null;

        string parent = Target($"{folder}/device") ?? "";
        return new UioDeviceInfo
        {
            Number = number,
            Name = name,
            Version = Read($"{folder}/version") ?? "",
            ParentPath = parent,
            ParentName = Path.GetFileName(parent),
            Driver = LinkName($"{parent}/driver") ?? "",
            Maps = ReadMaps($"{folder}/maps"),
            Iommu = ReadIommuGroup(parent),
        };
    }

    private static List<UioMapInfo> ReadMaps(string folder)
    {
        var maps = new List<UioMapInfo>();
        foreach (string map in SubFolders(folder))
        {
            string name = Path.GetFileName(map);
            if (name.StartsWith("map", StringComparison.Ordinal)
                && int.TryParse(name.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                && ReadHex($"{map}/size") is { } size)
            {
                maps.Add(new UioMapInfo(index, Read($"{map}/name") ?? "", ReadHex($"{map}/addr") ?? 0, checked((long)size), checked((int)(ReadHex($"{map}/offset") ?? 0))));
            }
        }

        maps.Sort((a, b) => a.Index.CompareTo(b.Index));
        return maps;
    }

    private static ulong? ReadHex(string path) =>
        Read(path) is { } text
        && ulong.TryParse(text.StartsWith("0x", StringComparison.Ordinal) ? text.AsSpan(2) : text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong value)
            ? value
            : null;

    private static string? Target(string link)
    {
        try
        {
            return Directory.ResolveLinkTarget(link, returnFinalTarget: false)?.FullName;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
