using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// Reads and writes /sys. A file that is not there reads as null: devices come and go while one reads about them.
/// </summary>
internal static class SysFs
{
    private const string UioClass = "/sys/class/uio";
    private const string DeviceTree = "/sys/firmware/devicetree/base";

    public static bool HasUio => Directory.Exists(UioClass);

    public static bool HasDeviceTree => Directory.Exists(DeviceTree);

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

    /// <summary>
    /// How much memory can be had without swapping, in bytes: <c>MemAvailable</c> in /proc/meminfo. Null when it is not told.
    /// </summary>
    public static long? ReadAvailableMemory()
    {
        const string Key = "MemAvailable:", Unit = "kB";
        foreach (string line in (Read("/proc/meminfo") ?? "").Split('\n'))
        {
            if (line.StartsWith(Key, StringComparison.Ordinal)
                && long.TryParse(line.AsSpan(Key.Length).TrimEnd(Unit), CultureInfo.InvariantCulture, out long kibibytes))
                return kibibytes << 10;
        }

        return null;
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

    /// <summary>
    /// The device-tree node that a device was made from, as the driver core tells it in <c>uevent</c>; empty for others.
    /// </summary>
    public static (string Node, IReadOnlyList<string> Compatible) ReadDeviceTreeNode(string devicePath)
    {
        const string FullName = "OF_FULLNAME=", CompatiblePrefix = "OF_COMPATIBLE_", CountPrefix = "OF_COMPATIBLE_N=";

        string node = "";
        var compatible = new List<string>();
        foreach (string line in (Read($"{devicePath}/uevent") ?? "").Split('\n'))
        {
            if (line.StartsWith(FullName, StringComparison.Ordinal))
                node = line[FullName.Length..];
            else if (line.StartsWith(CompatiblePrefix, StringComparison.Ordinal) && !line.StartsWith(CountPrefix, StringComparison.Ordinal))
                compatible.Add(line[(line.IndexOf('=') + 1)..]);
        }

        return (node, compatible);
    }

    /// <summary>
    /// The device tree's aliases and the nodes that they stand for. The <c>OF_ALIAS_n</c> of a device's <c>uevent</c>
    /// would not do: they leave out aliases that do not end in a number.
    /// </summary>
    public static SortedDictionary<string, string> ReadDeviceTreeAliases()
    {
        var aliases = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string file in Files($"{DeviceTree}/aliases"))
        {
            // Each node has a property "name"; this one's is no alias.
            if (Path.GetFileName(file) is not "name" and var alias && Read(file)?.TrimEnd('\0') is { } node)
                aliases.Add(alias, node);
        }

        return aliases;
    }

    /// <summary>Whether the device tree has a node, which need not have become a device.</summary>
    public static bool HasDeviceTreeNode(string node) => Directory.Exists(DeviceTree + node);

    /// <summary>A node's <c>status</c>, such as <c>disabled</c>; null when it has none, which means the same as <c>okay</c>.</summary>
    public static string? ReadDeviceTreeStatus(string node) => Read($"{DeviceTree}{node}/status")?.TrimEnd('\0');

    /// <summary>The content of a file without white space at its ends; null when it cannot be read.</summary>
    public static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            ThrowIfOutOfDescriptors(error, path);
            return null;
        }
    }

    /// <summary>Writes to a file in one system call. Returns 0, or the negative error number with which the kernel answers.</summary>
    public static int Write(string path, string value)
    {
        int result = Syscalls.Open(path, LibC.O_WRONLY, out SafeFileHandle? file);
        if (result < 0)
            return result;

        using (file)
            return Math.Min(0, Syscalls.Write(file!, Encoding.ASCII.GetBytes(value)));
    }

    /// <summary>The last part of the path a link leads to; null when there is no such link.</summary>
    public static string? LinkName(string path) => Target(path) is { } target ? Path.GetFileName(target) : null;

    /// <summary>The path a link leads to, in one step; null when there is no such link.</summary>
    public static string? Target(string link)
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

    public static string[] SubFolders(string folder) => Entries(folder, Directory.GetDirectories);

    private static string[] Files(string folder) => Entries(folder, Directory.GetFiles);

    private static string[] Entries(string folder, Func<string, string[]> list)
    {
        try
        {
            return list(folder);
        }
        catch (IOException error)
        {
            ThrowIfOutOfDescriptors(error, folder);
            return [];
        }
    }

    /// <summary>What is not there is no error. That the process can open no file is one, and says nothing about /sys.</summary>
    private static void ThrowIfOutOfDescriptors(Exception error, string path)
    {
        if (error.HResult == Errno.EMFILE || error.HResult == Errno.ENFILE)
            throw UioException.From(Calls.Open, path, -error.HResult);
    }

    private static UioDeviceInfo? ReadUioDevice(int number)
    {
        // .NET takes a link's ".." by the letters of its path, so the path must not lead through another link.
        if (Target($"{UioClass}/uio{number}") is not { } folder || Read($"{folder}/name") is not { } name)
            return null;

        string parent = Target($"{folder}/device") ?? "";
        (string node, IReadOnlyList<string> compatible) = ReadDeviceTreeNode(parent);
        return new UioDeviceInfo
        {
            Number = number,
            Name = name,
            Version = Read($"{folder}/version") ?? "",
            ParentPath = parent,
            ParentName = Path.GetFileName(parent),
            Driver = LinkName($"{parent}/driver") ?? "",
            DeviceTreeNode = node,
            Compatible = compatible,
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
}
