namespace UioInterop.Devices;

/// <summary>One side of a copy: one segment, for which nothing is allocated, or a list of them.</summary>
internal readonly struct DmaSegments
{
    private readonly DmaSegment _one;
    private readonly DmaSegment[]? _many;

    public DmaSegments(DmaSegment one)
    {
        _one = one;
        Length = one.Length;
    }

    /// <summary>Takes a copy of the list: it belongs to the caller, who may change it.</summary>
    public DmaSegments(IReadOnlyList<DmaSegment> many)
    {
        _many = [.. many];
        foreach (DmaSegment segment in _many)
            Length = checked(Length + segment.Length);
    }

    public int Count => _many?.Length ?? 1;

    public DmaSegment this[int index] => _many is null ? _one : _many[index];

    /// <summary>Of all segments, in bytes.</summary>
    public long Length { get; }

    /// <summary>Whether there are bytes of a buffer in both.</summary>
    public bool Overlap(DmaSegments other)
    {
        for (int i = 0; i < Count; i++)
        {
            for (int j = 0; j < other.Count; j++)
            {
                DmaSegment a = this[i], b = other[j];
                if (BufferOf(a) == BufferOf(b) && a.Offset < b.Offset + b.Length && b.Offset < a.Offset + a.Length)
                    return true;
            }
        }

        return false;

        static DmaBuf? BufferOf(DmaSegment segment) => segment.Buffer ?? segment.Mapping?.Buffer;
    }

    /// <summary>Refuses what cannot be one side of a copy.</summary>
    /// <param name="device">The device that makes the copy.</param>
    /// <param name="needed">What the device does on this side.</param>
    /// <param name="name">What the caller calls it.</param>
    public void Check(UioDevice device, DmaDirection needed, string name)
    {
        if (Count == 0)
            throw new ArgumentException("No memory is given: a transfer has one part at least.", name);

        for (int i = 0; i < Count; i++)
        {
            DmaSegment segment = this[i];
            if (segment.Length == 0)
                throw new ArgumentException("A part is the default value, without a buffer and of no bytes.", name);
            segment.Mapping?.ThrowIfUnusable(device, needed, name);
        }
    }
}
