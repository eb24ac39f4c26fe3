namespace UioInterop;

/// <summary>How a device is opened.</summary>
public sealed record UioOpenOptions
{
    /// <summary>
    /// Whether the device is opened for this program alone, as far as others use this library. True by default: uio_pci_generic switches
    /// bus mastering off when <i>any</i> file of a device is closed, which stops the DMA of all others.
    /// </summary>
    /// <remarks>
    /// A flock(2) on the node, exclusive or shared, released with the file; and a claim of the device, on a kernel that has
    /// claims. Without claims, each node that was made separately, as for a container, has a lock of its own, and nothing keeps
    /// a second program out.
    /// </remarks>
    public bool IsExclusive { get; init; } = true;

    /// <summary>
    /// Whether code that awaits an interrupt continues on the thread that noticed it. That is quicker, but holds up the interrupts of
    /// all devices until the code awaits again. Otherwise it continues on the thread pool.
    /// </summary>
    public bool ContinueInline { get; init; }

    /// <summary>
    /// How long the end of a mapping waits for its transfers, before it stops the device (<see cref="UioDevice.Quiesce"/>). 1 s by
    /// default; not negative, nor <see cref="Timeout.InfiniteTimeSpan"/>.
    /// </summary>
    public TimeSpan TransferTimeout { get; init; } = TimeSpan.FromSeconds(1);
}
