using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>Opens a device's node, and asks the open file which device it is: a name proves nothing.</summary>
internal static class UioNode
{
    /// <summary>Opens it, for this program alone or shared.</summary>
    /// <exception cref="UioException">
    /// EBUSY: it is open elsewhere; the message names the holder. ENODEV: the node is another device's, or the device went
    /// while it was opened. Or the node cannot be opened.
    /// </exception>
    public static SafeFileHandle Open(UioDeviceInfo device, bool exclusive)
    {
        // Check everything before the open. With uio_pci_generic, closing the device again would switch off bus mastering for
        // the program that uses it.
        CheckResult(Syscalls.GetStatus(device.DevicePath, out FileStatus status), device);
        CheckNode(status, device);
        DeviceLock.ThrowIfHeld(status, device, exclusive);

        CheckResult(Syscalls.Open(device.DevicePath, LibC.O_RDWR | LibC.O_NONBLOCK, out SafeFileHandle? file), device);
        try
        {
            CheckResult(Syscalls.GetStatus(file!, out status), device);
            CheckNode(status, device);

            // The number may have gone to another device since its description was read. The folder is the device's own.
            if (SysFs.ReadIdentity(device.Number) != device.Identity)
                throw UioException.From(Calls.Open, device.DevicePath, -Errno.ENODEV);

            DeviceLock.Take(file!, status, device, exclusive);
            return file!;
        }
        catch
        {
            file!.Dispose();
            throw;
        }
    }

    private static void CheckResult(int result, UioDeviceInfo device)
    {
        if (result < 0)
            throw UioException.From(Calls.Open, device.DevicePath, result);
    }

    private static void CheckNode(FileStatus status, UioDeviceInfo device)
    {
        if (status.Device == device.DeviceNumber)
            return;

        string what = status.Device is not { } number ? "no node of a device"
            : $"the node of {(SysFs.ReadUioName(number) is { } other ? other : "another device")} ({number})";
        throw UioException.NotFound(Calls.Open, device.DevicePath,
            $"that is {what}, and not of uio{device.Number} ({device.DeviceNumber}): somebody has made or renamed it, as containers do; "
            + "open the device by its own node, UioDeviceId.FromPath, "
            + $"or make that: mknod {device.DevicePath} c {device.DeviceNumber.Major} {device.DeviceNumber.Minor}");
    }
}
