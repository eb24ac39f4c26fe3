namespace UioInterop;

/// <summary>How a device is opened.</summary>
public sealed record UioOpenOptions
{
    /// <summary>
    /// Whether nobody else may open the device through this library; true unless set. uio_pci_generic switches bus
    /// mastering off when <i>any</i> file of a device is closed, which stops the DMA of all others.
    /// </summary>
    /// <remarks>
    /// It is a flock(2) on the node, exclusive or shared, and is released with the file. Nodes that were made separately, as
    /// for a container, have a lock each: there, nothing keeps a second program out.
    /// </remarks>
    public bool IsExclusive { get; init; } = true;

    /// <summary>
    /// Whether what awaits an interrupt goes on in the thread that noticed it, which is quicker, and holds up the
    /// interrupts of all devices until it awaits again. Otherwise it goes on in the thread pool.
    /// </summary>
    public bool ContinueInline { get; init; }

    /// <summary>
    /// How long ending a mapping waits for transfers that are under way, before <see cref="UioDevice.Quiesce"/> ends
    /// them; 1 s unless set. Not negative, nor <see cref="Timeout.InfiniteTimeSpan"/>.
    /// </summary>
    public TimeSpan TransferTimeout { get; init; } = TimeSpan.FromSeconds(1);
}
