using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>
/// A page whose next writer sleeps until it is let go on, the kernel in the middle of an ioctl too:
/// Documentation/admin-guide/mm/userfaultfd.rst, write protection.
/// </summary>
internal sealed unsafe class WatchedPage : IDisposable
{
    private const int UserFaultFdOnX64 = 323;
    private const int Size = 4096;

    // _IOWR(0xaa, 0x3f, struct uffdio_api), and so on: include/uapi/linux/userfaultfd.h.
    private const uint Api = 0xc018aa3f, Register = 0xc020aa00, Protect = 0xc018aa06;
    private const ulong Version = 0xaa, ReportsWriters = 1, Protected = 1, ForWriters = 2;

    private readonly SafeFileHandle _faults = new((int)LibC.syscall(UserFaultFdOnX64, LibC.O_CLOEXEC), ownsHandle: true);

    public WatchedPage()
    {
        Call(Api, [Version, ReportsWriters, 0]);
        Call(Register, [(ulong)Address, Size, ForWriters, 0]);
    }

    public void* Address { get; } =
        LibC.mmap(null, Size, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_PRIVATE | LibC.MAP_ANONYMOUS, -1, 0);

    /// <summary>Stores something; the next who writes sleeps.</summary>
    public void Fill<T>(T arguments) where T : unmanaged
    {
        *(T*)Address = arguments;
        Call(Protect, [(ulong)Address, Size, Protected]);
    }

    /// <summary>Waits until somebody sleeps.</summary>
    public void WaitForWriter()
    {
        var poll = new pollfd { fd = RawFile.Number(_faults), events = LibC.POLLIN };
        Assert.That(LibC.poll(&poll, 1, 10_000), Is.EqualTo(1), "a writer within 10 s");
        var message = stackalloc byte[32];
        Assert.That((int)LibC.read(RawFile.Number(_faults), message, 32), Is.EqualTo(32));
    }

    /// <summary>Wakes whoever sleeps.</summary>
    public void LetGo() => Call(Protect, [(ulong)Address, Size, 0]);

    public T Read<T>() where T : unmanaged => *(T*)Address;

    public void Dispose()
    {
        _faults.Dispose(); // which wakes all
        LibC.munmap(Address, Size);
    }

    private void Call(uint command, Span<ulong> arguments)
    {
        fixed (ulong* address = arguments)
        {
            if (LibC.ioctl(RawFile.Number(_faults), unchecked((int)command), address) < 0)
                throw new IOException($"userfaultfd, {command:x}: errno {Marshal.GetLastPInvokeError()}");
        }
    }
}
