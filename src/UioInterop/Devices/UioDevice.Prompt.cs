using System.Runtime.CompilerServices;

namespace UioInterop;

// What a prompt needs that interrupts a statement: the devices that are open, and ends of their waits and transfers.
public sealed partial class UioDevice
{
    // Without keeping them: a device that nobody has any more is the collector's.
    private static readonly ConditionalWeakTable<UioDevice, object?> s_open = [];

    /// <summary>The devices that the program has open.</summary>
    internal static IReadOnlyList<UioDevice> OpenDevices => [.. s_open.Select(entry => entry.Key).Where(device => !device.IsDisposed)];

    /// <summary>
    /// Ends what is waited for now, interrupts and transfers: the ones with <see cref="OperationCanceledException"/>, the others by
    /// stopping the device. Later waits are as ever.
    /// </summary>
    /// <returns>False when the device could not be stopped, or another thread is at it for too long.</returns>
    internal bool EndWaits()
    {
        _interrupts.Interrupt();
        return !Mappings.Any(mapping => mapping.IsInTransfer) || TryStopNow();
    }

    /// <summary>Brings the device to rest, if it has a way. False when that failed, or another thread is at it for too long.</summary>
    internal bool TryStopNow()
    {
        if (Quiesce is null)
            return true;
        if (!Monitor.TryEnter(_quiesceGate, StopPatience))
            return false;

        try
        {
            return IsDisposed || TryQuiesce(out _);
        }
        finally
        {
            Monitor.Exit(_quiesceGate);
            FinishStops();
        }
    }
}
