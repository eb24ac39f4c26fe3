namespace UioInterop.Interop;

/// <summary>The number of a device node, as in <c>/sys/dev/char/247:0</c>.</summary>
internal readonly record struct DeviceNumber(uint Major, uint Minor)
{
    /// <summary>Takes it from a dev_t of stat(2), as makedev(3) lays it out.</summary>
    public static DeviceNumber From(ulong device) => new(
        (uint)((device >> 8) & 0xfff) | (uint)((device >> 32) & ~0xffful),
        (uint)(device & 0xff) | (uint)((device >> 12) & ~0xfful));

    public override string ToString() => $"{Major}:{Minor}";
}

/// <summary>What stat(2) tells of a file.</summary>
/// <param name="FileSystem">The number of its file system.</param>
/// <param name="Inode">Its number there.</param>
/// <param name="Device">Which device it is a node of; null when it is no node of a character device.</param>
internal readonly record struct FileStatus(DeviceNumber FileSystem, ulong Inode, DeviceNumber? Device);
