using System.Text.RegularExpressions;

namespace UioInterop.GuestTests.Support;

/// <summary>The kernel's own list of buffers and who is attached to them: /sys/kernel/debug/dma_buf/bufinfo.</summary>
internal static partial class DmaBufTable
{
    private const string Path = "/sys/kernel/debug/dma_buf/bufinfo";

    // Linux 7 has it no longer.
    private const string Statistics = "/sys/kernel/dmabuf/buffers";

    /// <summary>Attachments of a device, over all buffers.</summary>
    public static int AttachmentsOf(string device) => File.ReadLines(Path).Count(line => line.Trim() == device);

    /// <summary>Buffers that exist.</summary>
    public static int Buffers => Names.Count;

    /// <summary>Their names, which are not given again: inode numbers.</summary>
    public static IReadOnlyList<string> Names => Directory.Exists(Statistics)
        ? [.. Directory.GetDirectories(Statistics).Select(path => System.IO.Path.GetFileName(path))]
        : [.. File.ReadLines(Path).Select(line => BufferLine().Match(line))
            .Where(match => match.Success).Select(match => match.Groups[1].Value)];

    // Size, flags, mode, count, exporter, inode, name.
    [GeneratedRegex(@"^\d{8,}\t[0-9a-f]{8}\t[0-9a-f]{8}\t\d{8}\t\S+\t(\d{8,})\t", RegexOptions.CultureInvariant)]
    private static partial Regex BufferLine();
}
