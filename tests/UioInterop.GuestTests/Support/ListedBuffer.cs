using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>A buffer of pieces of memory in any order, and of some again and again: udmabuf does not mind.</summary>
internal static unsafe class ListedBuffer
{
    private const uint CreateList = 0x40087543; // UDMABUF_CREATE_LIST of linux/udmabuf.h
    private const string SizeLimit = "/sys/module/udmabuf/parameters/size_limit_mb";
    private const int PageLength = 4096;

    [StructLayout(LayoutKind.Sequential)]
    private struct Item
    {
        public int MemFd;
        public uint Padding;
        public ulong Offset;
        public ulong Size;
    }

    /// <summary>A buffer that has at most two ranges less than pages: each second page is the same one.</summary>
    public static DmaBuf Scattered(int pages) => Create(
        pages * PageLength, [.. Enumerable.Range(0, pages).Select(page => (page % 2 * page * PageLength, PageLength))]);

    /// <summary>Of memory of some length, pieces by offset and length.</summary>
    public static DmaBuf Create(int memoryLength, IReadOnlyList<(int Offset, int Length)> pieces)
    {
        var limit = File.ReadAllText(SizeLimit);
        File.WriteAllText(SizeLimit, $"{(pieces.Sum(piece => (long)piece.Length) >> 20) + 1}");
        try
        {
            using var memory = Memory(memoryLength);
            using var udmabuf = RawFile.Open("/dev/udmabuf", LibC.O_RDWR);
            var list = new byte[8 + pieces.Count * sizeof(Item)];
            var head = MemoryMarshal.Cast<byte, uint>(list.AsSpan());
            (head[0], head[1]) = (1, (uint)pieces.Count); // UDMABUF_FLAGS_CLOEXEC, and how many
            pieces.Select(piece => new Item { MemFd = RawFile.Number(memory), Offset = (ulong)piece.Offset, Size = (ulong)piece.Length })
                .ToArray().CopyTo(MemoryMarshal.Cast<byte, Item>(list.AsSpan(8)));
            fixed (byte* argument = list)
            {
                var fd = LibC.ioctl(RawFile.Number(udmabuf), (int)CreateList, argument);
                return fd >= 0
                    ? DmaBuf.FromHandle(new SafeFileHandle(fd, ownsHandle: true))
                    : throw new IOException($"UDMABUF_CREATE_LIST: errno {Marshal.GetLastPInvokeError()}");
            }
        }
        finally
        {
            File.WriteAllText(SizeLimit, limit);
        }
    }

    private static SafeFileHandle Memory(int length)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes("listed\0"))
        {
            var memory = new SafeFileHandle(LibC.memfd_create(name, LibC.MFD_CLOEXEC | LibC.MFD_ALLOW_SEALING), ownsHandle: true);
            LibC.ftruncate(RawFile.Number(memory), length);
            LibC.fcntl(RawFile.Number(memory), LibC.F_ADD_SEALS, LibC.F_SEAL_SHRINK);
            return memory;
        }
    }
}
