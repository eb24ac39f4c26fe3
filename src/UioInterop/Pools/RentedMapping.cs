namespace UioInterop;

/// <summary>A buffer of a <see cref="DmaMappingPool"/>, to use until it is disposed, which gives it back.</summary>
/// <remarks>A value, so that a rent allocates nothing. Copies share one rent; the first Dispose gives it back. Thread-safe.</remarks>
public readonly struct RentedMapping : IDisposable, IEquatable<RentedMapping>
{
    private readonly DmaMappingPool? _pool;
    private readonly DmaMappingPool.Slot? _slot;
    private readonly long _ticket;

    internal RentedMapping(DmaMappingPool pool, DmaMappingPool.Slot slot, long ticket)
    {
        _pool = pool;
        _slot = slot;
        _ticket = ticket;
    }

    /// <summary>The mapping, for transfers. Do not keep it: after the rent the buffer is somebody else's.</summary>
    /// <exception cref="ObjectDisposedException">The buffer has been given back.</exception>
    /// <exception cref="InvalidOperationException">This is the default value, and no rent.</exception>
    public DmaMapping Mapping => _pool is null
        ? throw new InvalidOperationException("Nothing is rented: DmaMappingPool.Rent does that.")
        : _pool.MappingOf(_slot!, _ticket);

    /// <summary>The mapping's buffer, for scopes of CPU access. Do not keep it either.</summary>
    /// <exception cref="ObjectDisposedException">The buffer has been given back.</exception>
    /// <exception cref="InvalidOperationException">This is the default value, and no rent.</exception>
    public DmaBuf Buffer => Mapping.Buffer;

    /// <summary>
    /// Gives the buffer back. One that is still in transfer is not rented out again: its mapping ends as
    /// <see cref="DmaMapping.Dispose"/> says, and the pool makes another. Later calls do nothing.
    /// </summary>
    /// <exception cref="InvalidOperationException">A scope of CPU access is open. Nothing has happened then.</exception>
    /// <remarks>
    /// When the buffer was in transfer and the device could not be brought to rest, it stays with the device until that is disposed;
    /// <see cref="UioDevice.Failed"/> tells.
    /// </remarks>
    public void Dispose() => _pool?.Return(_slot!, _ticket);

    /// <summary>The mapping in words; that there is none for the default one.</summary>
    public override string ToString() => _slot is null ? "nothing rented" : $"rented from {_pool}";

    /// <summary>Whether both are the same rent.</summary>
    public bool Equals(RentedMapping other) => _slot == other._slot && _ticket == other._ticket;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is RentedMapping other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _ticket.GetHashCode();

    /// <summary>Whether both are the same rent.</summary>
    public static bool operator ==(RentedMapping left, RentedMapping right) => left.Equals(right);

    /// <summary>Whether they are different rents.</summary>
    public static bool operator !=(RentedMapping left, RentedMapping right) => !left.Equals(right);
}
