using System.Runtime.InteropServices;

namespace UioInterop;

/// <summary>The leases of one transfer of an engine. The engine ends them.</summary>
public sealed class TransferLeases
{
    private readonly List<TransferLease> _leases = [];

    internal TransferLeases() { }

    /// <summary>How many there are.</summary>
    public int Count => _leases.Count;

    /// <summary>One of them, in the order in which they were added.</summary>
    /// <param name="index">Which one, from 0 on.</param>
    public TransferLease this[int index] => _leases[index];

    /// <summary>Adds one. It is the engine's then.</summary>
    /// <param name="lease">The lease.</param>
    public void Add(TransferLease lease) => _leases.Add(lease);

    /// <summary>All of them. Good until the next <see cref="Add"/>.</summary>
    public ReadOnlySpan<TransferLease> AsSpan() => CollectionsMarshal.AsSpan(_leases);

    /// <summary>Goes through all of them.</summary>
    public ReadOnlySpan<TransferLease>.Enumerator GetEnumerator() => AsSpan().GetEnumerator();

    /// <summary>The leases in words.</summary>
    public override string ToString() => Count == 0 ? "no leases" : string.Join(", ", _leases);

    /// <summary>Whether no stop has ended one.</summary>
    internal bool AreUnderWay
    {
        get
        {
            foreach (TransferLease lease in this)
            {
                if (!lease.IsUnderWay)
                    return false;
            }

            return true;
        }
    }

    /// <summary>Completes all. False when a stop had ended one.</summary>
    internal bool TryComplete()
    {
        bool all = true;
        foreach (TransferLease lease in this)
            all &= lease.TryComplete();
        return all;
    }

    /// <summary>Ends all: nothing was started with them.</summary>
    internal void EndAtRest()
    {
        foreach (TransferLease lease in this)
            lease.EndAtRest();
    }

    /// <summary>Forgets all, after their end.</summary>
    internal void Clear() => _leases.Clear();
}
