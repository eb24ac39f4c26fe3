namespace UioInterop;

/// <summary>A free part of a ring, for the program to fill and to send.</summary>
/// <remarks>A value, so that sending allocates nothing. Copies share one part; the first Send or Dispose ends it.</remarks>
public readonly struct SendPart : IDisposable, IEquatable<SendPart>
{
    private readonly SendRingEngine? _ring;
    private readonly RingPart _part;

    internal SendPart(SendRingEngine ring, RingPart part) => (_ring, _part) = (ring, part);

    /// <summary>The part's number in the ring, from 0 on.</summary>
    public int Index => _part.Index;

    /// <summary>The most that can be sent with it, in bytes.</summary>
    public long Length => _part.Length;

    /// <summary>The mapping that it is in.</summary>
    public DmaMapping Mapping => _part.Mapping;

    /// <summary>Where it begins in the buffer, in bytes.</summary>
    public long Offset => _part.Offset;

    /// <summary>Begins a scope in which the CPU fills the part. End it before the part is sent.</summary>
    /// <inheritdoc cref="DmaBuf.BeginAccess"/>
    public CpuAccess BeginWrite() => Mapping.Buffer.BeginAccess(CpuAccessMode.Write, Offset, checked((int)Length));

    /// <summary>Gives the part to the engine, which sends it after those that were rented before.</summary>
    /// <param name="length">How many bytes of it, from its beginning; more than 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no bytes to send, or more than the part has.</exception>
    /// <exception cref="InvalidOperationException">
    /// It has been sent or given back. Or a scope of CPU access to it is open: nothing has happened then.
    /// </exception>
    /// <exception cref="TransferStoppedException">The engine was stopped. The message says why.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public void Send(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        _ring!.Send(_part, length);
    }

    /// <summary>Gives the part back unsent: the next rent takes it. Does nothing after <see cref="Send"/>.</summary>
    public void Dispose() => _part.TakeBackUnused();

    /// <summary>The part in words: <c>part 3, 512 bytes at 12288</c>.</summary>
    public override string ToString() => _part.ToString();

    /// <summary>Whether both are the same part, rented the same time.</summary>
    public bool Equals(SendPart other) => _part.Equals(other._part);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SendPart other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _part.GetHashCode();

    /// <summary>Whether both are the same part, rented the same time.</summary>
    public static bool operator ==(SendPart left, SendPart right) => left.Equals(right);

    /// <summary>Whether they are different.</summary>
    public static bool operator !=(SendPart left, SendPart right) => !left.Equals(right);
}
