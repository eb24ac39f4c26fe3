using Microsoft.Win32.SafeHandles;
using UioInterop.Interop;

namespace UioInterop;

// Listing and opening.
public sealed partial class UioDevice
{
    /// <summary>All UIO devices, by number. Empty when there are none, or the kernel has no UIO.</summary>
    public static IReadOnlyList<UioDeviceInfo> List() => SysFs.ReadUioDevices();

    /// <summary>The one UIO device that an id means. It is not opened.</summary>
    /// <param name="id">Which one.</param>
    /// <exception cref="UioException">There is no such device, or more than one (the message lists what there is).</exception>
    public static UioDeviceInfo Find(UioDeviceId id) => UioDeviceLookup.Find(id);

    /// <summary>Opens a device for reading and writing.</summary>
    /// <param name="id">Which one.</param>
    /// <param name="options">How; exclusively unless they say otherwise.</param>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="UioOpenOptions.TransferTimeout"/> is negative.</exception>
    /// <exception cref="UioException">
    /// There is no such device, or more than one (the message lists what there is). EBUSY: another has it open (the message
    /// says who). Or the node cannot be opened: no permission (the message has its owner and a udev rule), gone, no free
    /// descriptor.
    /// </exception>
    public static UioDevice Open(UioDeviceId id, UioOpenOptions? options = null)
    {
        options ??= new UioOpenOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.TransferTimeout, TimeSpan.Zero, nameof(options));
        UioDeviceInfo info = UioDeviceLookup.Find(id);

        // The count in info was read before the open, so interrupts that come in between are reported, not lost.
        SafeFileHandle file = UioNode.Open(info, options.IsExclusive);
        SafeFileHandle? wake = null;
        try
        {
            int result = Syscalls.OpenEvent(out wake);
            if (result < 0)
                throw UioException.From(Calls.CreateEvent, info.DevicePath, result);

            return new UioDevice(info, options, file, new InterruptSource(info, file, wake!, info.Interrupts, options.ContinueInline));
        }
        catch
        {
            wake?.Dispose();
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Opens a device as <see cref="Open"/> does, once there is one: bound to its driver, complete, and with a node that
    /// this process may open.
    /// </summary>
    /// <param name="id">Which one.</param>
    /// <param name="timeout">How long to wait for it; <see cref="Timeout.InfiniteTimeSpan"/> has no limit.</param>
    /// <param name="options">How to open it; exclusively unless they say otherwise.</param>
    /// <param name="token">Ends the wait.</param>
    /// <exception cref="TimeoutException">The device did not appear in time; the message lists those that exist.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="UioException">
    /// ENOTUNIQ: several devices answer to the id. EACCES: it came, but the process was not let in before the timeout. EBUSY:
    /// another has it open.
    /// </exception>
    public static async Task<UioDevice> WaitForAsync(UioDeviceId id, TimeSpan timeout, UioOpenOptions? options = null,
        CancellationToken token = default)
    {
        await UioDeviceArrival.WaitAsync(id, timeout, token).ConfigureAwait(false);
        return Open(id, options);
    }
}
