namespace UioInterop;

/// <summary>
/// One buffer that a device has, as the device keeps it. <see cref="DmaMapping"/> is what the program sees of it, and may
/// lose sight of.
/// </summary>
internal sealed class Attachment(UioDevice device, DmaBuf buffer, DmaDirection direction)
{
    private bool _ending; // under the buffer's lock
    private volatile bool _ended;

    public UioDevice Device { get; } = device;

    public DmaBuf Buffer { get; } = buffer;

    public DmaDirection Direction { get; } = direction;

    public DeviceAddress Address { get; private set; }

    public long Length { get; private set; }

    public bool HasEnded => _ended;

    /// <summary>What the kernel said when it made the mapping.</summary>
    public void Set(ulong address, ulong length)
    {
        Address = new DeviceAddress(address);
        Length = checked((long)length);
    }

    /// <summary>Lets no transfer begin from now on. False when somebody was faster.</summary>
    public bool TryBeginEnd()
    {
        lock (Buffer.Ledger.Gate)
        {
            if (_ending)
                return false;

            _ending = true;
            return true;
        }
    }

    public void MarkEnded() => _ended = true;

    /// <summary>Under the buffer's lock.</summary>
    public void ThrowIfEnding() => ObjectDisposedException.ThrowIf(_ending, typeof(DmaMapping));

    public void ThrowIfEnded() => ObjectDisposedException.ThrowIf(_ended, typeof(DmaMapping));
}
