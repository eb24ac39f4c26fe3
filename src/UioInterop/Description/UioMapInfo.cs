namespace UioInterop;

/// <summary>A memory map of a UIO device, as in <c>/sys/class/uio/uio0/maps/map0</c>.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Name">The name that the driver gave it; may be empty.</param>
/// <param name="PhysicalAddress">The CPU's physical address of its first page. Kernels show 0 to users other than root.</param>
/// <param name="Size">The size that can be mapped, in bytes, from the first page on.</param>
/// <param name="Offset">Where the device's registers begin in the first page, in bytes.</param>
public sealed record UioMapInfo(int Index, string Name, ulong PhysicalAddress, long Size, int Offset)
{
    /// <summary>How many bytes there are behind <see cref="Offset"/>; 0 when that is beyond the map.</summary>
    public long Length => Math.Max(0, Size - Offset);

    /// <summary>The map in words: <c>map0 "BAR0", 1048576 bytes</c>.</summary>
    public override string ToString() => $"map{Index}{(Name.Length > 0 ? $" \"{Name}\"" : "")}, {Length} bytes";
}
