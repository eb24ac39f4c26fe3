using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// A buffer attached to a device, as the device keeps it. The program holds it as a <see cref="DmaMapping"/>, and may drop
/// that.
/// </summary>
internal sealed class Attachment(IMappingOwner owner, DmaBuf buffer, DmaDirection direction) : IBufferMapping, IMappingFacts
{
    private const int Open = 0, Ending = 1, EndFailed = 2;

    private int _ending;
    private int _transfers;
    private volatile bool _ended;

    // Where the device reaches the buffer, once somebody has asked. Most buffers have one range, which needs no array.
    private volatile bool _told;
    private DeviceAddress _address;
    private DmaRange[]? _ranges;

    /// <summary>The device that has it.</summary>
    public IMappingOwner Owner { get; } = owner;

    public DmaBuf Buffer { get; } = buffer;

    public DmaDirection Direction { get; } = direction;

    public string DevicePath => Owner.Info.DevicePath;

    string IMappingFacts.Exporter => Buffer.Exporter;

    string IMappingFacts.Direction => Direction.ToString();

    ulong IMappingFacts.Address => KnownAddress.Value;

    /// <summary>The kernel's handle; 0 with the boards' ioctls, which name the buffer.</summary>
    public uint Handle { get; private set; }

    public int RangeCount { get; private set; }

    public long Length { get; private set; }

    /// <summary>Where the device reaches the first byte; 0 when nobody has asked yet.</summary>
    public DeviceAddress KnownAddress => _told ? _ranges is { } ranges ? ranges[0].Address : _address : default;

    public bool HasEnded => _ended;

    /// <summary>Whether no transfer of it is under way.</summary>
    public bool IsIdle => Volatile.Read(ref _transfers) == 0;

    /// <summary>Its neighbours in the device's <see cref="AttachmentList"/>, under the device's lock.</summary>
    public Attachment? Previous { get; set; }

    /// <inheritdoc cref="Previous"/>
    public Attachment? Next { get; set; }

    /// <summary>Whether somebody has begun to end it.</summary>
    public bool IsEnding => Volatile.Read(ref _ending) != Open;

    /// <summary>What the kernel said when it made the mapping.</summary>
    public void Set(uint handle, uint rangeCount, ulong length)
    {
        Handle = handle;
        RangeCount = checked((int)rangeCount);
        Length = Math.Min(checked((long)length), Buffer.Length); // the kernel maps whole pages
    }

    /// <summary>Where the device reaches the only range.</summary>
    public void SetAddress(ulong address)
    {
        _address = new DeviceAddress(address);
        _told = true;
    }

    /// <summary>Where the device reaches each range.</summary>
    public void SetRanges(ReadOnlySpan<RangeArguments> told)
    {
        var ranges = new DmaRange[told.Length];
        long offset = 0;
        for (int i = 0; i < told.Length; i++)
        {
            long length = Math.Min(checked((long)told[i].Length), Length - offset); // the last one ends with a whole page
            ranges[i] = new DmaRange(new DeviceAddress(told[i].Address), offset, length);
            offset += ranges[i].Length;
        }

        _ranges = ranges;
        _told = true;
    }

    /// <summary>All ranges.</summary>
    public DmaRange[] ToRanges()
    {
        BeTold();
        return _ranges ?? [new DmaRange(_address, 0, Length)];
    }

    /// <summary>The range that is contiguous for the device from a byte on.</summary>
    public DmaRange PieceAt(long offset)
    {
        BeTold();
        if (_ranges is not { } ranges)
            return new DmaRange(_address + offset, offset, Length - offset);

        int low = 0, high = ranges.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (ranges[middle].Offset <= offset)
                low = middle;
            else
                high = middle - 1;
        }

        long inside = offset - ranges[low].Offset;
        return new DmaRange(ranges[low].Address + inside, offset, ranges[low].Length - inside);
    }

    /// <summary>Where the device reaches a part that is contiguous for it.</summary>
    public DeviceAddress AddressOf(long offset, long length)
    {
        DmaRange piece = PieceAt(offset);
        return piece.Length >= length ? piece.Address : throw new InvalidOperationException(
            $"{length} bytes from {offset} on are not contiguous for {DevicePath}: {Buffer} comes in {RangeCount} ranges. Take them one by "
                + "one (DmaMapping.Ranges), or allocate from DmaHeap.Cma.");
    }

    /// <summary>
    /// Lets no transfer begin from now on. False when another thread is ending the mapping, or has ended it. No lock is needed:
    /// the thread that begins a transfer counts it first and then checks this flag; the thread that ends the mapping sets the
    /// flag first and then checks the count.
    /// </summary>
    public bool TryBeginEnd()
    {
        int before = Volatile.Read(ref _ending);
        return before != Ending && Interlocked.CompareExchange(ref _ending, Ending, before) == before;
    }

    /// <summary>Lets transfers begin again: the end was refused.</summary>
    public void CancelEnd() => Volatile.Write(ref _ending, Open);

    /// <summary>It could not be ended. Somebody may try again; no transfer begins meanwhile.</summary>
    public void FailEnd() => Volatile.Write(ref _ending, EndFailed);

    /// <summary>Counts a transfer, unless the mapping is about to end.</summary>
    public void AddTransfer()
    {
        Interlocked.Increment(ref _transfers);
        if (!IsEnding)
            return;

        RemoveTransfer();
        throw new ObjectDisposedException(nameof(DmaMapping), $"The mapping of {Buffer} for {DevicePath} has ended.");
    }

    public void RemoveTransfer() => Interlocked.Decrement(ref _transfers);

    public void MarkEnded() => _ended = true;

    public void ThrowIfEnded() => ObjectDisposedException.ThrowIf(_ended, typeof(DmaMapping));

    private void BeTold()
    {
        if (!_told)
            Owner.ReadRanges(this);
    }
}
