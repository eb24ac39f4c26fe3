using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>A buffer over 2 GiB on a machine with less memory: udmabuf takes the same pages again and again.</summary>
internal static unsafe class LargeBuffer
{
    private const uint CreateList = 0x40087543; // UDMABUF_CREATE_LIST of linux/udmabuf.h
    private const string SizeLimit = "/sys/module/udmabuf/parameters/size_limit_mb";
    private const int Pieces = 1024; // udmabuf's list_limit

    /// <summary>How much memory there is. It repeats itself after that.</summary>
    public const int Period = 2112 << 10;

    public const long Length = (long)Pieces * Period;

    [StructLayout(LayoutKind.Sequential)]
    private struct Item
    {
        public int MemFd;
        public uint Padding;
        public ulong Offset;
        public ulong Size;
    }

    public static DmaBuf Create()
    {
        var limit = File.ReadAllText(SizeLimit);
        File.WriteAllText(SizeLimit, $"{Length >> 20}");
        try
        {
            using var memory = Memory();
            using var udmabuf = RawFile.Open("/dev/udmabuf", LibC.O_RDWR);
            var list = new byte[8 + Pieces * sizeof(Item)];
            var head = MemoryMarshal.Cast<byte, uint>(list.AsSpan());
            (head[0], head[1]) = (1, Pieces); // UDMABUF_FLAGS_CLOEXEC, and how many
            MemoryMarshal.Cast<byte, Item>(list.AsSpan(8)).Fill(new Item { MemFd = RawFile.Number(memory), Size = Period });
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

    private static SafeFileHandle Memory()
    {
        fixed (byte* name = Encoding.UTF8.GetBytes("large\0"))
        {
            var memory = new SafeFileHandle(LibC.memfd_create(name, LibC.MFD_CLOEXEC | LibC.MFD_ALLOW_SEALING), ownsHandle: true);
            LibC.ftruncate(RawFile.Number(memory), Period);
            LibC.fcntl(RawFile.Number(memory), LibC.F_ADD_SEALS, LibC.F_SEAL_SHRINK);
            return memory;
        }
    }
}
