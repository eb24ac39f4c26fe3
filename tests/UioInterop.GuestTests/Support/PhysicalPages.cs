using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>Where a buffer lies in memory, from the CPU's page tables: Documentation/admin-guide/mm/pagemap.rst.</summary>
internal static unsafe class PhysicalPages
{
    private const int PageSize = 4096;
    private const ulong FrameBits = (1ul << 55) - 1;

    public static ulong[] Of(SafeFileHandle buffer, int length)
    {
        var address = LibC.mmap(null, length, LibC.PROT_READ, LibC.MAP_SHARED, RawFile.Number(buffer), 0);
        if (address == LibC.MAP_FAILED)
            throw new IOException($"mmap of a buffer: errno {Marshal.GetLastPInvokeError()}");
        try
        {
            var entries = new ulong[length / PageSize];
            using var pagemap = File.OpenHandle("/proc/self/pagemap", share: FileShare.ReadWrite);
            RandomAccess.Read(pagemap, MemoryMarshal.AsBytes(entries.AsSpan()), (long)address / PageSize * sizeof(ulong));
            return [.. entries.Select(entry => (entry & FrameBits) * PageSize)];
        }
        finally
        {
            LibC.munmap(address, length);
        }
    }

    public static bool AreContiguous(ulong[] pages) =>
        pages.Zip(pages.Skip(1)).All(pair => pair.Second == pair.First + PageSize);
}
