using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>Keeps others from opening a device: see <see cref="UioOpenOptions.IsExclusive"/>.</summary>
internal static class DeviceLock
{
    /// <summary>Takes the lock. It is held until the file is closed.</summary>
    /// <exception cref="UioException">EBUSY: another holds it, whom the message names.</exception>
    public static SafeFileHandle Take(UioDeviceInfo device, bool exclusive)
    {
        string path = $"/sys/class/uio/uio{device.Number}/dev";
        int result = Syscalls.Open(path, LibC.O_RDONLY, out SafeFileHandle? file);
        if (result < 0)
            throw UioException.From(Calls.Open, device.DevicePath, result == -Errno.ENOENT ? -Errno.ENODEV : result);

        result = Syscalls.LockFile(file!, exclusive);
        if (result >= 0)
            return file!;

        using (file)
        {
            throw result == -Errno.EAGAIN
                ? new UioException(Calls.Open, device.DevicePath, Errno.EBUSY, $"{Holders(file!)} has it open; {(exclusive
                    ? "dispose that one first, or share the device: UioOpenOptions.IsExclusive = false, on both sides"
                    : "for itself (UioOpenOptions.IsExclusive)")}")
                : UioException.From(Calls.Lock, path, result);
        }
    }

    /// <summary>Who has the file locked, in words: proc(5), /proc/locks.</summary>
    private static string Holders(SafeFileHandle file)
    {
        // "1: FLOCK  ADVISORY  WRITE 123 00:15:4711 0 EOF"
        string? inode = Syscalls.TryGetInode(file, out ulong number) ? ":" + number.ToString(CultureInfo.InvariantCulture) : null;
        string[] holders =
        [
            .. from line in (SysFs.Read("/proc/locks") ?? "").Split('\n')
               let words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
               where words.Length > 5 && words[1] == "FLOCK" && inode is not null && words[5].EndsWith(inode, StringComparison.Ordinal)
               select Name(words[4]),
        ];
        return holders.Length > 0 ? string.Join(", ", holders.Distinct()) : "another program";
    }

    private static string Name(string process) =>
        process == Environment.ProcessId.ToString(CultureInfo.InvariantCulture) ? "this program"
        : SysFs.Read($"/proc/{process}/comm") is { } name ? $"process {process} ({name})"
        : $"process {process}";
}
