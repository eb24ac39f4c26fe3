namespace UioInterop;

/// <summary>A transfer that an engine is started with: its leases, all of which are under way.</summary>
public readonly ref struct Transfer
{
    internal Transfer(TransferLeases leases) => Parts = leases.AsSpan();

    /// <summary>The parts of memory, in the caller's order: one, or those of a list.</summary>
    public ReadOnlySpan<TransferLease> Parts { get; }

    /// <summary>The only part.</summary>
    /// <exception cref="NotSupportedException">There are several: the engine was given a list.</exception>
    public TransferLease Lease => Parts.Length == 1 ? Parts[0]
        : throw new NotSupportedException($"This engine takes one part of memory at a time, and was given {Parts.Length}.");

    /// <summary>How long all parts are together, in bytes.</summary>
    public long Length
    {
        get
        {
            long length = 0;
            foreach (TransferLease lease in Parts)
                length += lease.Length;
            return length;
        }
    }
}
