namespace UioInterop.GuestTests.Support;

/// <summary>The kernel's exporters, by name, for tests that hold for all of them.</summary>
internal static class Buffers
{
    public static readonly string[] Exporters = ["system", "cma", "udmabuf"];

    /// <summary>
    /// The exporters as test cases of transfers. udmabuf syncs a mapping of its own and none of its importers', so
    /// bounce buffers stay stale (linux 6.12, begin_cpu_udmabuf).
    /// </summary>
    public static IEnumerable<TestCaseData> ForTransfers =>
    [
        new("system"), new("cma"), new TestCaseData("udmabuf").SetCategory(Needs.Coherent),
    ];

    public static DmaBuf Allocate(string exporter, long length) => exporter switch
    {
        "system" => DmaHeap.System.Allocate(length),
        "cma" => DmaHeap.Cma.Allocate(length),
        "udmabuf" => DmaBuf.AllocateFromMemfd(length),
        _ => throw new ArgumentOutOfRangeException(nameof(exporter), exporter, "no such exporter"),
    };

    public static void Fill(DmaBuf buffer, ReadOnlySpan<byte> bytes)
    {
        using var cpu = buffer.BeginAccess(CpuAccessMode.Write, 0, bytes.Length);
        bytes.CopyTo(cpu.Span);
    }

    public static byte[] Read(DmaBuf buffer, int length)
    {
        using var cpu = buffer.BeginAccess(CpuAccessMode.Read, 0, length);
        return cpu.Span.ToArray();
    }

    /// <summary>Bytes in which a shift or a repetition shows.</summary>
    public static byte[] Pattern(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
