namespace UioInterop;

/// <summary>
/// A transfer under way: the device may touch this part of the buffer until the lease ends. Until then the CPU gets no
/// scope over it, and the mapping does not end.
/// </summary>
/// <remarks>
/// <para>Call <see cref="Complete"/> once the device is done. A lease that is disposed without it, as in an exception or after a
/// timeout, brings the device to rest first (<see cref="UioDevice.Quiesce"/>): memory that the device may
/// still write stays mapped.</para>
/// <para>A stop ends all transfers of the device. Afterwards the lease's address throws <see cref="TransferStoppedException"/>,
/// so that nothing is started with it. A driver that starts without the address checks <see cref="IsUnderWay"/> first, as
/// <see cref="OneShotEngine"/> does.</para>
/// <para>A value, so that a transfer allocates nothing. Copies share one lease; the first Complete or Dispose ends it.
/// Thread-safe.</para>
/// </remarks>
/// <example>
/// <code>
/// using TransferLease lease = mapping.BeginTransfer(0, 4096);
/// registers.Write(Destination, lease.Address.Value);
/// registers.Write(Start, 1);
/// if (!device.TryWaitForInterrupt(timeout, out _))
///     throw new TimeoutException();   // the lease stops the device
/// lease.Complete();
/// </code>
/// </example>
public readonly struct TransferLease : IDisposable, IEquatable<TransferLease>
{
    private readonly Attachment? _attachment;
    private readonly long _ticket;

    internal TransferLease(Attachment attachment, long ticket, long offset, long length)
    {
        _attachment = attachment;
        _ticket = ticket;
        Offset = offset;
        Length = length;
    }

    /// <summary>The part's address for the device. The part is contiguous.</summary>
    /// <exception cref="ObjectDisposedException">The mapping has ended.</exception>
    /// <exception cref="TransferStoppedException">The device has been stopped since the transfer began.</exception>
    /// <exception cref="InvalidOperationException">
    /// It is not contiguous: <see cref="PieceAt"/> says what is. Or the lease is the default value.
    /// </exception>
    /// <exception cref="UioException">ENOTTY, ENODEV, ENOENT: as for <see cref="DmaMapping.Address"/>.</exception>
    public DeviceAddress Address => Attachment.AddressOf(Offset, Length);

    /// <summary>Whether all of the part is contiguous for the device.</summary>
    /// <exception cref="ObjectDisposedException">The mapping has ended.</exception>
    /// <exception cref="InvalidOperationException">The lease is the default value.</exception>
    /// <exception cref="UioException">
    /// ENOTTY, ENODEV, ENOENT: as for <see cref="DmaMapping.Address"/>, if the buffer has more than one range.
    /// </exception>
    public bool IsContiguous => Attachment.RangeCount == 1 || Attachment.PieceAt(Offset).Length >= Length;

    /// <summary>The range of the part that is contiguous for the device from a byte on.</summary>
    /// <param name="offset">The byte, counted from the part's beginning.</param>
    /// <returns>The piece. It ends with the part at the latest; its offset counts from the buffer's beginning.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The byte is not inside of the part.</exception>
    /// <exception cref="ObjectDisposedException">The mapping has ended.</exception>
    /// <exception cref="InvalidOperationException">The lease is the default value.</exception>
    /// <exception cref="UioException">ENOTTY, ENODEV, ENOENT: as for <see cref="DmaMapping.Address"/>.</exception>
    public DmaRange PieceAt(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, Length);
        DmaRange piece = Attachment.PieceAt(Offset + offset);
        return piece with { Length = Math.Min(piece.Length, Length - offset) };
    }

    /// <summary>Where the part begins in the buffer, in bytes.</summary>
    public long Offset { get; }

    /// <summary>How long the part is, in bytes.</summary>
    public long Length { get; }

    internal Attachment Attachment
    {
        get
        {
            if (_attachment is null)
                throw new InvalidOperationException("This lease has not begun: DmaMapping.BeginTransfer makes one.");

            _attachment.ThrowIfEnded();
            ThrowIfStopped();
            return _attachment;
        }
    }

    /// <summary>
    /// Whether the transfer is under way: nobody has ended the lease, and the device has not been stopped since it began.
    /// </summary>
    public bool IsUnderWay => _attachment is not null && _attachment.Buffer.Ledger.IsInTransfer(_ticket);

    /// <summary>Ends the lease: the device is done with this part. Later calls do nothing.</summary>
    /// <exception cref="TransferStoppedException">
    /// The device was stopped before: by somebody who gave up a transfer, ended a mapping, or closed the device. How much of the part
    /// has been transferred is not known.
    /// </exception>
    public void Complete()
    {
        if (!TryComplete())
            throw new TransferStoppedException(_attachment!.Owner.Info);
    }

    /// <summary>Ends the lease as <see cref="Complete"/> does. False when the device was stopped before.</summary>
    public bool TryComplete() => _attachment is null || _attachment.Buffer.Ledger.TryEndTransfer(_ticket);

    /// <summary>
    /// Ends the lease. Without <see cref="Complete"/> before, it runs <see cref="UioDevice.Quiesce"/> first; when there is
    /// none or it fails, the transfer counts as under way until the mapping or the device is disposed. Transfers that are given
    /// up together stop the device once. While another thread stops the device this does not wait: the transfer ends with that
    /// stop, or with one more that the other thread makes. Throws nothing; <see cref="UioDevice.Failed"/> tells of failures.
    /// </summary>
    public void Dispose()
    {
        if (Abandon())
            _attachment!.Owner.OnAbandonedTransfer(_ticket);
    }

    /// <summary>Nobody waits for the transfer any more. It stays under way until a stop ends it. False when it had ended.</summary>
    internal bool Abandon() => _attachment is not null && _attachment.Buffer.Ledger.AbandonTransfer(_ticket);

    /// <summary>Ends the lease. The device has not touched the part, or is at rest.</summary>
    internal void EndAtRest()
    {
        if (Abandon())
            TryComplete();
    }

    private void ThrowIfStopped()
    {
        if (_attachment!.Buffer.Ledger.WasStopped(_ticket))
            throw new TransferStoppedException(_attachment.Owner.Info);
    }

    /// <summary>The transfer in words: <c>bytes 0 to 2047, ToDevice, /dev/uio0</c>; the default value is <c>no transfer</c>.</summary>
    public override string ToString() => _attachment is null ? "no transfer"
        : $"bytes {Offset} to {Offset + Length - 1}, {_attachment.Direction}, {_attachment.DevicePath}";

    /// <summary>Whether both are the same transfer.</summary>
    public bool Equals(TransferLease other) => _attachment == other._attachment && _ticket == other._ticket;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is TransferLease other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _ticket.GetHashCode();

    /// <summary>Whether both are the same transfer.</summary>
    public static bool operator ==(TransferLease left, TransferLease right) => left.Equals(right);

    /// <summary>Whether they are different transfers.</summary>
    public static bool operator !=(TransferLease left, TransferLease right) => !left.Equals(right);
}
