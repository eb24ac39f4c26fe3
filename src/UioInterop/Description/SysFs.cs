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
    private const string DeviceTree = "/sys/firmware/devicetree/base";

    public static bool HasUio => Directory.Exists(KernelPaths.UioDevices);

    public static bool HasDeviceTree => Directory.Exists(DeviceTree);

    public static List<UioDeviceInfo> ReadUioDevices()
    {
        var devices = new List<UioDeviceInfo>();
        foreach (string folder in SubFolders(KernelPaths.UioDevices))
        {
            if (TryGetNumber(Path.GetFileName(folder), out int number) && ReadUioDevice(number) is { } device)
                devices.Add(device);
        }

        devices.Sort((a, b) => a.Number.CompareTo(b.Number));
        return devices;
    }

    /// <summary>
    /// How much memory is available without swapping, in bytes: <c>MemAvailable</c> in /proc/meminfo. Null when that is missing.
    /// </summary>
    public static long? ReadAvailableMemory()
    {
        const string Key = "MemAvailable:", Unit = "kB";
        foreach (string line in (TryRead("/proc/meminfo") ?? "").Split('\n'))
        {
            if (line.StartsWith(Key, StringComparison.Ordinal)
                && long.TryParse(line.AsSpan(Key.Length).TrimEnd(Unit), CultureInfo.InvariantCulture, out long kibibytes))
                return kibibytes << 10;
        }

        return null;
    }

    /// <summary>The device with a number; null when there is none.</summary>
    /// <param name="number">The number.</param>
    /// <param name="devicePath">A node of it that has another name; null when it has the usual one.</param>
    public static UioDeviceInfo? ReadUioDevice(int number, string? devicePath = null)
    {
        // Read first: if another device gets the number meanwhile, the rest does not match this identity.
        ulong identity = ReadIdentity(number);

        // .NET resolves a link's ".." by text, so the path must not lead through another link.
        if (Target($"{KernelPaths.UioDevices}/uio{number}") is not { } folder || Read($"{folder}/name") is not { } name)
            return null;

        string parent = Target($"{folder}/device") ?? "";
        (string node, IReadOnlyList<string> compatible) = ReadDeviceTreeNode(parent);
        return new UioDeviceInfo
        {
            Number = number,
            DevicePath = devicePath ?? $"/dev/uio{number}",
            DeviceNumber = ParseDeviceNumber(Read($"{folder}/dev")),
            Identity = identity,
            Name = name,
            Version = Read($"{folder}/version") ?? "",
            ParentPath = parent,
            ParentName = Path.GetFileName(parent),
            Driver = LinkName($"{parent}/driver") ?? "",
            DeviceTreeNode = node,
            Compatible = compatible,
            Maps = ReadMaps($"{folder}/maps"),
            Interrupts = ReadInterruptCount(number) ?? 0,
            Iommu = ReadIommuGroup(parent),
        };
    }

    /// <summary>The UIO device that a device number is of; null when it is of something else, or of nothing.</summary>
    public static UioDeviceInfo? ReadUioDevice(DeviceNumber node, string devicePath) =>
        ReadUioName(node) is { } name && TryGetNumber(name, out int number) ? ReadUioDevice(number, devicePath) : null;

    /// <summary>The name of the UIO device that a device number is of, such as <c>uio0</c>; null when it is of something else.</summary>
    public static string? ReadUioName(DeviceNumber node) => ReadSubsystem(node) == "uio" ? LinkName(NodeFolder(node)) : null;

    /// <summary>What kind of device a device number is of, such as <c>uio</c>; null when there is no such device.</summary>
    public static string? ReadSubsystem(DeviceNumber node) => LinkName($"{NodeFolder(node)}/subsystem");

    /// <summary>
    /// A number that the device keeps while it exists, and that no later device gets, unlike its name: the inode of its folder
    /// in sysfs. 0 when there is no such device.
    /// </summary>
    public static ulong ReadIdentity(int number) =>
        Syscalls.GetStatus($"{KernelPaths.UioDevices}/uio{number}/", out FileStatus status) < 0 ? 0 : status.Inode;

    /// <summary>The count of interrupts so far; null when the device is gone.</summary>
    public static uint? ReadInterruptCount(int number) =>
        uint.TryParse(Read($"{KernelPaths.UioDevices}/uio{number}/event"), CultureInfo.InvariantCulture, out uint count) ? count : null;

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

    /// <summary>The names of the device-tree nodes that describe the default CMA area: one, or none.</summary>
    public static IEnumerable<string> ReadDefaultCmaNodes() =>
        from node in SubFolders($"{DeviceTree}/reserved-memory")
        where File.Exists($"{node}/linux,cma-default")
        select Path.GetFileName(node);

    /// <summary>The content of a file without the newline at its end; null when there is none.</summary>
    /// <exception cref="UioException">EACCES: the process may not read it.</exception>
    public static string? Read(string path)
    {
        // Without System.IO.File, which takes a flock on what it reads: anyone who may read an attribute could block us.
        int result = Syscalls.Open(path, LibC.O_RDONLY, out SafeFileHandle? file);
        if (result == -Errno.EACCES || result == -Errno.EPERM || result == -Errno.EMFILE || result == -Errno.ENFILE)
            throw UioException.From(Calls.Open, path, result);
        if (result < 0)
            return null;

        using (file)
        {
            byte[] bytes = new byte[Syscalls.PageSize]; // as long as an attribute can be; files of /proc are longer
            int length = 0;
            while ((result = Syscalls.Read(file!, bytes.AsSpan(length))) > 0)
            {
                length += result;
                if (length == bytes.Length)
                    Array.Resize(ref bytes, 2 * length);
            }

            if (result < 0)
                return null;

            ReadOnlySpan<byte> text = bytes.AsSpan(0, length);
            return Encoding.UTF8.GetString(text is [.. var line, (byte)'\n'] ? line : text);
        }
    }

    /// <summary>As Read, for content that is not required: null also when the process may not read it.</summary>
    public static string? TryRead(string path)
    {
        try
        {
            return Read(path);
        }
        catch (UioException)
        {
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
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            ThrowIfRefused(error, link);
            return null;
        }
    }

    public static string[] SubFolders(string folder) => Entries(folder, Directory.GetDirectories);

    public static string[] Files(string folder) => Entries(folder, Directory.GetFiles);

    private static string[] Entries(string folder, Func<string, string[]> list)
    {
        try
        {
            return list(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            ThrowIfRefused(error, folder);
            return [];
        }
    }

    /// <summary>
    /// A missing file is no error. A file that the process may not see, or has no descriptor left for, may exist: that is one.
    /// </summary>
    private static void ThrowIfRefused(Exception error, string path)
    {
        if (error is UnauthorizedAccessException)
            throw UioException.From(Calls.Open, path, -Errno.EACCES);
        if (error.HResult == Errno.EMFILE || error.HResult == Errno.ENFILE)
            throw UioException.From(Calls.Open, path, -error.HResult);
    }

    public static bool TryGetNumber(string name, out int number)
    {
        number = -1;
        return name.StartsWith("uio", StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private static string NodeFolder(DeviceNumber node) => $"/sys/dev/char/{node}";

    private static DeviceNumber ParseDeviceNumber(string? text)
    {
        string[] parts = (text ?? "").Split(':');
        return parts.Length == 2
            && uint.TryParse(parts[0], CultureInfo.InvariantCulture, out uint major)
            && uint.TryParse(parts[1], CultureInfo.InvariantCulture, out uint minor)
            ? new DeviceNumber(major, minor)
            : default;
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
                maps.Add(new UioMapInfo(index, Read($"{map}/name") ?? "", ReadHex($"{map}/addr") ?? 0,
                    (long)Math.Min(size, long.MaxValue), (int)Math.Min(ReadHex($"{map}/offset") ?? 0, int.MaxValue)));
            }
        }

        maps.Sort((a, b) => a.Index.CompareTo(b.Index));
        return maps;
    }

    private static ulong? ReadHex(string path) =>
        Read(path) is { } text
        && ulong.TryParse(text.StartsWith("0x", StringComparison.Ordinal) ? text.AsSpan(2) : text, NumberStyles.HexNumber,
            CultureInfo.InvariantCulture, out ulong value)
            ? value
            : null;
}
