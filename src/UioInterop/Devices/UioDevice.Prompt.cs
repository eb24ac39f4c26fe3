using System.Runtime.CompilerServices;

namespace UioInterop;

// For a prompt that interrupts a statement: lists the open devices, and ends their waits and transfers.
public sealed partial class UioDevice
{
    // Keeps none of them: a device that the program has dropped is left to the collector.
    private static readonly ConditionalWeakTable<UioDevice, object?> s_open = [];

    /// <summary>The devices that the program has open.</summary>
    internal static IReadOnlyList<UioDevice> OpenDevices => [.. s_open.Select(entry => entry.Key).Where(device => !device.IsDisposed)];

    /// <summary>
    /// Ends the waits under way: those for interrupts with <see cref="OperationCanceledException"/>, those for transfers by
    /// stopping the device. Later waits are not affected.
    /// </summary>
    /// <returns>False when the device could not be stopped, or another thread takes too long to stop it.</returns>
    internal bool EndWaits()
    {
        _interrupts.Interrupt();
        return !Mappings.Any(mapping => mapping.IsInTransfer) || TryStopNow();
    }

    /// <summary>Brings the device to rest, if it has a way. False when that failed, or another thread takes too long to stop it.</summary>
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
