using System.Text;
using Microsoft.Win32.SafeHandles;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>Receives the kernel's events of devices that come, go, and are bound, and udev's after them.</summary>
/// <remarks>See netlink(7), NETLINK_KOBJECT_UEVENT. Takes no privilege.</remarks>
internal sealed class UEventSocket : IDisposable
{
    // The kernel's events are shorter (UEVENT_BUFFER_SIZE, and a path); the content of udev's is not needed.
    private readonly byte[] _message = new byte[8192];

    private UEventSocket(SafeFileHandle file) => File = file;

    public SafeFileHandle File { get; }

    /// <summary>Subscribes: from now on nothing is missed.</summary>
    /// <exception cref="UioException">There is no descriptor free, or the process may not use netlink.</exception>
    public static UEventSocket Open()
    {
        int result = Syscalls.OpenUEvents(out SafeFileHandle? file);
        return result < 0 ? throw UioException.From(Calls.Subscribe, "uevents", result) : new UEventSocket(file!);
    }

    /// <summary>Reads all that has come in.</summary>
    /// <param name="bound">The paths in /sys of the devices that have been bound to a driver. It is kept up to date.</param>
    /// <returns>Whether a device may have been unbound.</returns>
    public bool Drain(HashSet<string> bound)
    {
        bool unbound = false;
        while (true)
        {
            int length = Syscalls.Read(File, _message);
            if (length == -Errno.EAGAIN)
                return unbound;

            // ENOBUFS: the socket was full. The lost events may be any.
            if (length < 0 && length != -Errno.ENOBUFS)
                throw UioException.From(Calls.Subscribe, "uevents", length);

            if (length < 0)
                bound.Clear();
            unbound |= length < 0 || IsUnbind(_message.AsSpan(0, length), bound);
        }
    }

    public void Dispose() => File.Dispose();

    // The kernel's begin with "bind@/devices/pci0000:00/0000:00:02.0" and a zero, udev's with "libudev" and a zero.
    private static bool IsUnbind(ReadOnlySpan<byte> message, HashSet<string> bound)
    {
        int at = message.IndexOf((byte)'@');
        int end = message.IndexOf((byte)0);
        if (at < 0 || end < at)
            return false;

        string device = "/sys" + Encoding.UTF8.GetString(message[(at + 1)..end]);
        if (message.StartsWith("bind@"u8))
            bound.Add(device);

        bool isUnbind = message.StartsWith("unbind@"u8) || message.StartsWith("remove@"u8);
        if (isUnbind)
            bound.Remove(device);
        return isUnbind;
    }
}
