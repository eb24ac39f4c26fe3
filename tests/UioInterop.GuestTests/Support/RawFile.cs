using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>Plain system calls, for what a test does behind the library's back.</summary>
internal static unsafe class RawFile
{
    public static SafeFileHandle Open(string path, int flags)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            var fd = LibC.open(name, flags | LibC.O_CLOEXEC);
            return fd >= 0
                ? new SafeFileHandle(fd, ownsHandle: true)
                : throw new IOException($"open {path}: errno {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>A second descriptor of the same open file, closed by exec unless it is to be inherited.</summary>
    public static SafeFileHandle Duplicate(SafeFileHandle file, bool inheritable = false)
    {
        var fd = LibC.fcntl(Number(file), inheritable ? LibC.F_DUPFD : LibC.F_DUPFD_CLOEXEC, 0);
        return new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>Makes descriptor number <paramref name="number"/> refer to <paramref name="file"/>.</summary>
    public static void DuplicateTo(SafeFileHandle file, int number) => LibC.dup2(Number(file), number);

    public static void SetMode(string path, int mode)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
            Assert.That(LibC.chmod(name, (mode_t)mode), Is.Zero);
    }

    public static int Number(SafeFileHandle file) => (int)file.DangerousGetHandle();
}
