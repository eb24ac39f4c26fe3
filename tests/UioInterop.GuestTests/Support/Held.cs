namespace UioInterop.GuestTests.Support;

/// <summary>
/// What this process holds, by name: what is new after a call has leaked, whatever else has gone meanwhile. A sum cannot
/// tell one from the other.
/// </summary>
internal static class Held
{
    private static readonly string[] s_ours = ["/dev", "/dmabuf", "/sys", "/proc", "/memfd", "anon_inode"];

    /// <summary>Descriptors with their numbers, buffers, attachments of the device under test, and maps.</summary>
    public static IReadOnlyList<string> Now() =>
    [
        .. Descriptors.Numbered.Where(each => s_ours.Any(each.Path.StartsWith)).Select(each => $"descriptor {each.Number}: {each.Path}"),
        .. DmaBufTable.Names.Select(name => $"buffer {name}"),
        .. Enumerable.Range(1, DmaBufTable.AttachmentsOf(UnderTest.Name)).Select(number => $"attachment {number}"),
        .. MemoryMaps.All()
            .Where(map => map.Path.Contains("uio", StringComparison.Ordinal) || map.Path.Contains("dmabuf", StringComparison.Ordinal))
            .Select(map => $"map {map.Start:x}: {map.Path}"),
    ];
}
