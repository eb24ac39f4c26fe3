namespace UioInterop.GuestTests.Support;

/// <summary>The kernel's own list of buffers and who is attached to them: /sys/kernel/debug/dma_buf/bufinfo.</summary>
internal static class DmaBufTable
{
    private const string Path = "/sys/kernel/debug/dma_buf/bufinfo";

    /// <summary>Attachments of a device, over all buffers.</summary>
    public static int AttachmentsOf(string device) => File.ReadLines(Path).Count(line => line.Trim() == device);

    /// <summary>Buffers that exist.</summary>
    public static int Buffers => Names.Count;

    /// <summary>Their names, which are not given again.</summary>
    public static IReadOnlyList<string> Names => [.. Directory.GetDirectories("/sys/kernel/dmabuf/buffers").Select(path => System.IO.Path.GetFileName(path))];
}
