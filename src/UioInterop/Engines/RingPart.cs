namespace UioInterop;

/// <summary>A part of a ring that its engine has filled, for reading.</summary>
/// <remarks>A value, so that receiving allocates nothing. Copies share one part; the first Dispose gives it back.</remarks>
public readonly struct RingPart : IDisposable, IEquatable<RingPart>
{
    private readonly StreamEngine? _ring;
    private readonly int _run;
    private readonly long _number;
    private readonly long _take;

    /// <param name="ring">The ring.</param>
    /// <param name="run">Which run of it.</param>
    /// <param name="number">Which part of the run, counted on from one pass to the next.</param>
    /// <param name="take">Which take of the ring: a part that is given back unused is taken again.</param>
    /// <param name="index">Where it is in the ring.</param>
    /// <param name="length">How much the engine has put into it, or takes at most, in bytes.</param>
    internal RingPart(StreamEngine ring, int run, long number, long take, int index, long length)
    {
        _ring = ring;
        _run = run;
        _number = number;
        _take = take;
        Index = index;
        Length = length;
        (Mapping, Offset, _) = ring.PartAt(index);
    }

    /// <summary>The part's number in the ring, from 0 on.</summary>
    public int Index { get; }

    /// <summary>How much the engine has put into it, in bytes.</summary>
    public long Length { get; }

    /// <summary>The mapping that it is in.</summary>
    public DmaMapping Mapping { get; }

    /// <summary>Where it begins in the buffer, in bytes.</summary>
    public long Offset { get; }

    /// <summary>Begins a scope in which the CPU reads the part. End it before the part is given back.</summary>
    /// <remarks>A cyclic engine may write it meanwhile: <see cref="TryCopyTo"/> tells.</remarks>
    /// <inheritdoc cref="DmaBuf.BeginAccess"/>
    public CpuAccess BeginRead() => Mapping.Buffer.BeginAccess(CpuAccessMode.Read, Offset, checked((int)Length));

    /// <summary>Copies the part.</summary>
    /// <param name="destination">Where to; <see cref="Length"/> bytes at least.</param>
    /// <returns>
    /// Whether all of it is of one pass. False when a cyclic engine has come round meanwhile: what was copied is of two passes, and
    /// counts as overrun.
    /// </returns>
    /// <exception cref="ArgumentException">The destination is shorter.</exception>
    public bool TryCopyTo(Span<byte> destination) => TryCopyBytes(0, (int)Length, destination);

    /// <summary>Copies some bytes of the part.</summary>
    internal bool TryCopyBytes(int offset, int length, Span<byte> destination)
    {
        if (_ring is null)
            return true;

        using (CpuAccess cpu = BeginRead())
            cpu.Span.Slice(offset, length).CopyTo(destination);
        if (_ring.IsIntact(_run, _number))
            return true;

        _ring.CountOverrun();
        return false;
    }

    /// <summary>Gives the part back to an engine with a tail. Later calls do nothing, nor does one after the ring's end.</summary>
    /// <exception cref="InvalidOperationException">A scope of CPU access to the part is open. Nothing has happened then.</exception>
    public void Dispose() => _ring?.TryGive(_run, _take, Index);

    /// <summary>Gives some of the part to the engine, to send it. False when the engine does not run, or has it.</summary>
    internal bool TryGive(long length) => _ring is not null && _ring.TryGive(_run, _take, Index, length);

    /// <summary>Gives the part back to be taken next.</summary>
    internal void TakeBackUnused() => _ring?.TakeBackUnused(_run, _take, Index, _number);

    /// <summary>The part in words: <c>part 3, 512 bytes at 12288</c>.</summary>
    public override string ToString() => _ring is null ? "no part" : $"part {Index}, {Length} bytes at {Offset}";

    /// <summary>Whether both are the same part, filled the same time.</summary>
    public bool Equals(RingPart other) => _ring == other._ring && _take == other._take;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is RingPart other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _take.GetHashCode();

    /// <summary>Whether both are the same part, filled the same time.</summary>
    public static bool operator ==(RingPart left, RingPart right) => left.Equals(right);

    /// <summary>Whether they are different.</summary>
    public static bool operator !=(RingPart left, RingPart right) => !left.Equals(right);
}
