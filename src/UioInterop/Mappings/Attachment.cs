namespace UioInterop;

/// <summary>
/// One buffer that a device has, as the device keeps it. <see cref="DmaMapping"/> is what the program sees of it, and may
/// lose sight of.
/// </summary>
internal sealed class Attachment(UioDevice device, DmaBuf buffer, DmaDirection direction)
{
    private int _ending;
    private int _transfers;
    private volatile bool _ended;

    public UioDevice Device { get; } = device;

    public DmaBuf Buffer { get; } = buffer;

    public DmaDirection Direction { get; } = direction;

    public DeviceAddress Address { get; private set; }

    public long Length { get; private set; }

    public bool HasEnded => _ended;

    /// <summary>Whether no transfer of it is under way.</summary>
    public bool IsIdle => Volatile.Read(ref _transfers) == 0;

    /// <summary>Its neighbours in the device's <see cref="AttachmentList"/>, under the device's lock.</summary>
    public Attachment? Previous { get; set; }

    /// <inheritdoc cref="Previous"/>
    public Attachment? Next { get; set; }

    /// <summary>Whether somebody has begun to end it.</summary>
    public bool IsEnding => Volatile.Read(ref _ending) != 0;

    /// <summary>What the kernel said when it made the mapping.</summary>
    public void Set(ulong address, ulong length)
    {
        Address = new DeviceAddress(address);
        Length = checked((long)length);
    }

    /// <summary>
    /// Lets no transfer begin from now on. False when somebody was faster. Without a lock: who begins a transfer counts it
    /// and then looks here, who ends the mapping says so here and then looks at the count.
    /// </summary>
    public bool TryBeginEnd() => Interlocked.Exchange(ref _ending, 1) == 0;

    /// <summary>Counts a transfer, unless the mapping is about to end.</summary>
    public void AddTransfer()
    {
        Interlocked.Increment(ref _transfers);
        if (!IsEnding)
            return;

        RemoveTransfer();
        throw new ObjectDisposedException(nameof(DmaMapping), $"The mapping of {Buffer} for {Device.Info.DevicePath} has ended.");
    }

    public void RemoveTransfer() => Interlocked.Decrement(ref _transfers);

    public void MarkEnded() => _ended = true;


    public void ThrowIfEnded() => ObjectDisposedException.ThrowIf(_ended, typeof(DmaMapping));
}
