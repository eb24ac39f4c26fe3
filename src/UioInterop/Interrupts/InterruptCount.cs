namespace UioInterop;

/// <summary>What a wait for an interrupt returned.</summary>
/// <param name="Total">The kernel's count of the device's interrupts since its driver was bound. It wraps at 2^32.</param>
/// <param name="SinceLastWait">How many came since the last wait that returned, or since the device was opened; at least 1.</param>
/// <remarks>
/// In Linux 6.12 a kernel thread counts (uio_interrupt_thread): interrupts that come before it has run count as one.
/// </remarks>
public readonly record struct InterruptCount(uint Total, uint SinceLastWait)
{
    /// <summary>How many interrupts came without a wait that returned for them: above 0, the program was late.</summary>
    public uint Missed => SinceLastWait == 0 ? 0 : SinceLastWait - 1;
}
