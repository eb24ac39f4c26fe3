namespace UioInterop.Devices;

/// <summary>Refuses a copy between parts of memory that overlap, by the device's addresses. For one copy at a time.</summary>
internal sealed class CopyOverlap
{
    private readonly List<DmaRange> _from = [];
    private readonly List<DmaRange> _to = [];

    /// <exception cref="ArgumentException">They overlap.</exception>
    public void Refuse(ReadOnlySpan<TransferLease> source, ReadOnlySpan<TransferLease> destination)
    {
        Collect(source, _from);
        Collect(destination, _to);
        for (int i = 0, j = 0; i < _from.Count && j < _to.Count;)
        {
            DmaRange from = _from[i], to = _to[j];
            if (EndsBefore(from, to))
                i++;
            else if (EndsBefore(to, from))
                j++;
            else
                throw new ArgumentException($"Source and destination overlap: {from.Length} bytes from {from.Offset} on and {to.Length} "
                    + $"bytes from {to.Offset} on are the same memory in part. The channel may write what it has not read yet.");
        }
    }

    private static bool EndsBefore(DmaRange piece, DmaRange other) => piece.Address.Value + (ulong)piece.Length <= other.Address.Value;

    /// <summary>The leases' ranges, in the order of their addresses.</summary>
    private static void Collect(ReadOnlySpan<TransferLease> leases, List<DmaRange> pieces)
    {
        pieces.Clear();
        foreach (TransferLease lease in leases)
        {
            for (long done = 0; done < lease.Length;)
            {
                DmaRange piece = lease.PieceAt(done);
                pieces.Add(piece);
                done += piece.Length;
            }
        }

        pieces.Sort(static (a, b) => a.Address.Value.CompareTo(b.Address.Value));
    }
}
