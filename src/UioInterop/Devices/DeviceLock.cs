using System.Globalization;
using Microsoft.Win32.SafeHandles;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>Keeps others from opening a device: see <see cref="UioOpenOptions.IsExclusive"/>.</summary>
/// <remarks>
/// A flock(2) on the open node. It ends with the file, and only a process that may open the device can take it. It belongs to
/// the node: a second node of the device, made by mknod(1) or for a container, has a lock of its own. The kernel's claim
/// (UIO_IOC_CLAIM), where there is one, belongs to the device and covers all of its nodes.
/// </remarks>
internal static class DeviceLock
{
    /// <summary>Finds the process that has the device open, without opening it. Holders in other PID namespaces are not seen.</summary>
    /// <exception cref="UioException">EBUSY: somebody else holds it; the message names the holder.</exception>
    public static void ThrowIfHeld(FileStatus node, UioDeviceInfo device, bool exclusive)
    {
        string[] holders = [.. HoldersOf(node, exclusive)];
        if (holders.Length > 0)
            throw Busy(device, exclusive, string.Join(", ", holders));
    }

    /// <summary>Takes the lock of a node that has been opened. It is held until that file is closed.</summary>
    /// <exception cref="UioException">EBUSY: somebody else holds it; the message names the holder.</exception>
    public static void Take(SafeFileHandle file, FileStatus node, UioDeviceInfo device, bool exclusive)
    {
        int result = Syscalls.LockFile(file, exclusive);
        if (result == -Errno.EAGAIN)
        {
            string holders = string.Join(", ", HoldersOf(node, exclusive));
            throw Busy(device, exclusive, holders.Length > 0 ? holders : "another program");
        }

        if (result < 0)
            throw UioException.From(Calls.Lock, device.DevicePath, result);

        if (exclusive)
            Claim(file, device);
    }

    private static void Claim(SafeFileHandle file, UioDeviceInfo device)
    {
        int result = Shim.Claim(file);
        if (result == -Errno.EBUSY)
            throw Busy(device, exclusive: true, "a program that uses another node of it, as in a container, or that has "
                + "opened it without this library");

        // A kernel without claims; Xilinx's says EINVAL to what it does not know.
        if (result < 0 && result != -Errno.ENOTTY && result != -Errno.EINVAL)
            throw UioException.From(Calls.Open, device.DevicePath, result);
    }

    private static UioException Busy(UioDeviceInfo device, bool exclusive, string holders) =>
        new(Calls.Open, device.DevicePath, Errno.EBUSY, $"{holders} has it open; {(exclusive
            ? "dispose that one first, or share the device: UioOpenOptions.IsExclusive = false, on both sides"
            : "for itself (UioOpenOptions.IsExclusive)")}");

    /// <summary>The holders of locks that are in the way, in words: proc(5), /proc/locks.</summary>
    private static IEnumerable<string> HoldersOf(FileStatus node, bool exclusive)
    {
        // "1: FLOCK  ADVISORY  WRITE 123 00:15:4711 0 EOF"
        string file = string.Create(CultureInfo.InvariantCulture, $"{node.FileSystem.Major:x2}:{node.FileSystem.Minor:x2}:{node.Inode}");
        return (from line in (SysFs.TryRead("/proc/locks") ?? "").Split('\n')
                let words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                where words.Length > 5 && words[1] == "FLOCK" && words[5] == file && (exclusive || words[3] == "WRITE")
                select Name(words[4])).Distinct();
    }

    private static string Name(string process) =>
        process == Environment.ProcessId.ToString(CultureInfo.InvariantCulture) ? "this program"
        : SysFs.TryRead($"/proc/{process}/comm") is { } name ? $"process {process} ({name})"
        : $"process {process}";
}
