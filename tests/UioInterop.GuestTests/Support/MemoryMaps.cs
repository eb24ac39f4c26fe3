using System.Globalization;

namespace UioInterop.GuestTests.Support;

/// <summary>What is mapped into a process: proc(5), /proc/pid/maps.</summary>
internal readonly record struct MemoryMaps(ulong Start, ulong End, string Path)
{
    public static IReadOnlyList<MemoryMaps> All(string process = "self") => [.. File.ReadLines($"/proc/{process}/maps").Select(Parse)];

    public static IReadOnlyList<MemoryMaps> Of(string path) => [.. All().Where(map => map.Path == path)];

    // "7f00-7f10 rw-s 00000000 00:06 25   /dev/uio0"
    private static MemoryMaps Parse(string line)
    {
        var words = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
        var bounds = words[0].Split('-').Select(bound =>
            ulong.Parse(bound, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToArray();
        return new MemoryMaps(bounds[0], bounds[1], words.Length > 5 ? words[5].Trim() : "");
    }
}
