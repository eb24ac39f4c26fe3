namespace UioInterop.Devices;

/// <summary>A part of a buffer, to copy from or to. Any alignment.</summary>
public readonly record struct DmaSegment
{
    /// <summary>A part of a buffer, which the channel imports when it needs to.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the part begins, in bytes.</param>
    /// <param name="length">How long it is, in bytes, more than 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part is empty, or not inside of the buffer.</exception>
    public DmaSegment(DmaBuf buffer, long offset, long length)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        Check(offset, length, buffer.Length);
        (Buffer, Offset, Length) = (buffer, offset, length);
    }

    /// <summary>A part of a buffer that is imported already.</summary>
    /// <param name="mapping">The import.</param>
    /// <param name="offset">Where the part begins, in bytes.</param>
    /// <param name="length">How long it is, in bytes, more than 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part is empty, or not inside of the mapping.</exception>
    public DmaSegment(DmaMapping mapping, long offset, long length)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        Check(offset, length, mapping.Length);
        (Mapping, Offset, Length) = (mapping, offset, length);
    }

    /// <summary>The buffer; null when the segment is of a <see cref="Mapping"/>.</summary>
    public DmaBuf? Buffer { get; }

    /// <summary>The mapping; null when the segment is of a <see cref="Buffer"/>.</summary>
    public DmaMapping? Mapping { get; }

    /// <summary>Where it begins in the buffer, in bytes.</summary>
    public long Offset { get; }

    /// <summary>How long it is, in bytes.</summary>
    public long Length { get; }

    private static void Check(long offset, long length, long available)
    {
        if (length <= 0)
            throw new ArgumentOutOfRangeException(nameof(length), length, "A segment has one byte at least.");
        if (offset < 0 || offset > available || length > available - offset)
            throw new ArgumentOutOfRangeException(nameof(offset), offset,
                $"{length} bytes from {offset} on are not inside of a buffer of {available} bytes.");
    }
}
