using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// Counts who may touch a buffer: scopes of the CPU, transfers, and mappings. Refuses what would corrupt memory.
/// </summary>
/// <remarks>
/// Everything happens under the buffer's lock, which is taken inside of a device's, never around it. Nothing is
/// allocated once the lists have grown to what the program uses at a time.
/// </remarks>
internal sealed class AccessLedger
{
    private readonly record struct Scope(long Ticket, int Place, long Offset, long Length);

    private readonly record struct Transfer(long Ticket, IBufferMapping Mapping, long Offset, long Length, bool IsCyclic, bool IsAbandoned);

    // Monitor waits for less than 25 days at a time; a caller may ask for more.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    // All buffers share one sequence of tickets: one number then bounds all earlier transfers of a device.
    private static long s_lastTicket;

    // Protects everything below, and what changes in its DmaBuf. Waiters for transfers are pulsed when one ends.
    private readonly object _gate = new();
    private readonly DmaBuf _buffer;
    private readonly List<Scope> _scopes = []; // many that read, or one that writes
    private readonly List<Transfer> _transfers = [];
    private readonly List<long> _stopped = []; // tickets of transfers that a stop has ended, until their leases are disposed
    private long[] _open = new long[1]; // tickets of the open scopes, each at its place; 0 is free. Read without the lock
    private CpuAccessMode _mode;
    private int _toDevice;
    private int _fromDevice;
    private int _bidirectional;

    public AccessLedger(DmaBuf buffer) => _buffer = buffer;

    /// <summary>The last ticket drawn so far, of any buffer.</summary>
    public static long LastTicket => Interlocked.Read(ref s_lastTicket);

    public object Gate => _gate;

    public int Mappings => _toDevice + _fromDevice + _bidirectional;

    /// <summary>The flags that the open scopes began with.</summary>
    public ulong OpenSync { get; private set; }

    /// <summary>Refuses a scope that collides with another or with a transfer, and returns the flags to sync with.</summary>
    public ulong CheckScope(CpuAccessMode mode, long offset, long length)
    {
        if (_scopes.Count > 0 && (mode | _mode) != CpuAccessMode.Read)
            throw new InvalidOperationException($"A scope of CPU access ({_mode}) is open on {_buffer}: dispose it first. Scopes that "
                + "only read may be open together.");

        foreach (Transfer transfer in _transfers)
        {
            if (transfer.IsCyclic && mode == CpuAccessMode.Read)
                continue;
            if (Collide(mode, offset, length, transfer.Mapping.Direction, transfer.Offset, transfer.Length))
                throw new InvalidOperationException(
                    $"A transfer of {transfer.Mapping.DevicePath} over bytes {transfer.Offset} to {transfer.Offset + transfer.Length - 1} "
                        + $"of {_buffer} is under way: wait for it before the CPU touches the buffer.");
        }

        return SyncFlagsFor(mode);
    }

    /// <summary>Records an open scope, and stores its ticket at the place where <see cref="IsOpen"/> looks.</summary>
    public (long Ticket, int Place) AddScope(CpuAccessMode mode, long offset, long length, ulong sync)
    {
        long ticket = Interlocked.Increment(ref s_lastTicket);
        int place = Array.IndexOf(_open, 0L);
        if (place < 0)
        {
            place = _open.Length;
            long[] larger = new long[2 * place];
            _open.CopyTo(larger, 0);
            Volatile.Write(ref _open, larger);
        }

        Volatile.Write(ref _open[place], ticket);
        _scopes.Add(new Scope(ticket, place, offset, length));
        _mode = mode;
        OpenSync = sync;
        return (ticket, place);
    }

    /// <summary>Whether a scope is open. Takes no lock: it may run for each element that the CPU touches.</summary>
    public bool IsOpen(long ticket, int place) => Volatile.Read(ref Volatile.Read(ref _open)[place]) == ticket;

    public bool RemoveScope(long ticket)
    {
        int index = IndexOfScope(ticket);
        if (index < 0)
            return false;

        Volatile.Write(ref _open[_scopes[index].Place], 0);
        _scopes.RemoveAt(index);
        return true;
    }

    /// <summary>Throws when a scope is open.</summary>
    public void CheckNoScope(string before)
    {
        if (_scopes.Count > 0)
            throw new InvalidOperationException($"A scope of CPU access ({_mode}) is open on {_buffer}: dispose it before {before}.");
    }

    /// <summary>
    /// Whether the end of a mapping now would lose what the CPU is writing. The unmap of a buffer that the device may write
    /// fetches all of it from bounce buffers, or from the memory behind the CPU's caches. Both still have the content from
    /// before the scope.
    /// </summary>
    public bool IsBeingWrittenBeside(DmaDirection direction) =>
        direction != DmaDirection.ToDevice && _scopes.Count > 0 && (_mode & CpuAccessMode.Write) != 0;

    /// <summary>A device is about to have the buffer.</summary>
    public void AddMapping(DmaDirection direction)
    {
        // Dirty cache lines could reach memory at any later time, over what the device wrote.
        CheckNoScope("a device gets the buffer");
        MappingsOf(direction)++;
    }

    public void RemoveMapping(DmaDirection direction) => MappingsOf(direction)--;

    /// <summary>Records that a device is about to touch a part of the buffer.</summary>
    /// <param name="mapping">The device's mapping.</param>
    /// <param name="offset">Where the part begins.</param>
    /// <param name="length">How long it is.</param>
    /// <param name="isCyclic">Whether the CPU may read it meanwhile: the device goes round and round.</param>
    public long BeginTransfer(IBufferMapping mapping, long offset, long length, bool isCyclic = false)
    {
        lock (_gate)
        {
            foreach (Scope scope in _scopes)
            {
                if (isCyclic && _mode == CpuAccessMode.Read)
                    break;
                if (Collide(_mode, scope.Offset, scope.Length, mapping.Direction, offset, length))
                    throw new InvalidOperationException(
                        $"A scope of CPU access ({_mode}) is open over bytes {scope.Offset} to {scope.Offset + scope.Length - 1} of "
                            + $"{_buffer}: dispose it before a transfer starts.");
            }

            mapping.AddTransfer();
            long ticket = Interlocked.Increment(ref s_lastTicket);
            _transfers.Add(new Transfer(ticket, mapping, offset, length, isCyclic, IsAbandoned: false));
            return ticket;
        }
    }

    /// <summary>Whether a transfer is under way.</summary>
    public bool IsInTransfer(long ticket)
    {
        lock (_gate)
            return IndexOfTransfer(ticket) >= 0;
    }

    /// <summary>Whether a stop has ended a transfer, and nobody has disposed its lease since.</summary>
    public bool WasStopped(long ticket)
    {
        lock (_gate)
            return _stopped.Contains(ticket);
    }

    /// <summary>The device is done with a transfer. Does nothing when that has ended before. False when a stop ended it.</summary>
    public bool TryEndTransfer(long ticket)
    {
        lock (_gate)
        {
            int index = IndexOfTransfer(ticket);
            if (index < 0)
                return !_stopped.Contains(ticket);

            RemoveTransferAt(index);
            Monitor.PulseAll(_gate);
            return true;
        }
    }

    /// <summary>The owner gave the transfer up: nobody will report its end. False when it had ended before.</summary>
    public bool AbandonTransfer(long ticket)
    {
        lock (_gate)
        {
            int index = IndexOfTransfer(ticket);
            if (index < 0)
            {
                _stopped.Remove(ticket);
                return false;
            }

            _transfers[index] = _transfers[index] with { IsAbandoned = true };
            Monitor.PulseAll(_gate);
            return true;
        }
    }

    /// <summary>The device has come to rest: its transfers with tickets up to this one are over.</summary>
    public void EndTransfersOf(IBufferMapping mapping, long lastTicket)
    {
        lock (_gate)
        {
            for (int i = _transfers.Count - 1; i >= 0; i--)
            {
                if (_transfers[i].Mapping != mapping || _transfers[i].Ticket > lastTicket)
                    continue;

                // A lease that somebody still holds has to report the stop.
                if (!_transfers[i].IsAbandoned)
                    _stopped.Add(_transfers[i].Ticket);
                RemoveTransferAt(i);
            }

            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>
    /// Waits until no transfer of a mapping is under way. False at the deadline, and at once when one was abandoned: nobody
    /// will report its end.
    /// </summary>
    public bool WaitUntilIdle(IBufferMapping mapping, Deadline deadline)
    {
        lock (_gate)
        {
            while (HasTransfer(mapping, out bool isAbandoned))
            {
                if (isAbandoned || deadline.IsOver)
                    return false;

                Monitor.Wait(_gate, deadline.RemainingAtMost(LongestWait));
            }

            return true;
        }
    }

    /// <summary>
    /// Whether a scope and a transfer collide: when they share bytes; or when both write. The kernel syncs the whole buffer at
    /// a scope's end, and would undo what the device wrote in other bytes.
    /// </summary>
    private static bool Collide(CpuAccessMode mode, long offset, long length, DmaDirection direction, long at, long count) =>
        (offset < at + count && at < offset + length)
        || ((mode & CpuAccessMode.Write) != 0 && direction != DmaDirection.ToDevice);

    /// <summary>
    /// The flags for the sync ioctls. The kernel applies the direction to every mapping of the buffer. It has to be the
    /// mapping's own, unless that is bidirectional (DMA debug: "syncs DMA memory with different direction").
    /// </summary>
    private ulong SyncFlagsFor(CpuAccessMode mode)
    {
        if (_fromDevice > 0 && (mode & CpuAccessMode.Write) != 0)
        {
            throw new InvalidOperationException(
                $"A device has {_buffer} as FromDevice, so what the CPU writes now would be lost: write before the import, or "
                    + "import it as Bidirectional.");
        }

        // udmabuf syncs a mapping of its own. It makes that with the direction of the first sync, and keeps it.
        if (_buffer.Exporter == "udmabuf")
            return Shim.SyncRead | Shim.SyncWrite;

        // A device that only reads leaves nothing for the CPU to fetch.
        if (_toDevice > 0 && _fromDevice == 0 && _bidirectional == 0)
            return Shim.SyncWrite;

        // The kernel syncs the whole buffer. Without READ, the end of the scope would overwrite what the device wrote beside
        // the scope's part with the CPU's old data.
        if (_bidirectional > 0 && (mode & CpuAccessMode.Write) != 0)
            return Shim.SyncRead | Shim.SyncWrite;

        return (ulong)mode;
    }

    private ref int MappingsOf(DmaDirection direction)
    {
        switch (direction)
        {
            case DmaDirection.ToDevice:
                return ref _toDevice;
            case DmaDirection.FromDevice:
                return ref _fromDevice;
            default:
                return ref _bidirectional;
        }
    }

    private bool HasTransfer(IBufferMapping mapping, out bool isAbandoned)
    {
        bool isInTransfer = false;
        isAbandoned = false;
        foreach (Transfer transfer in _transfers)
        {
            if (transfer.Mapping != mapping)
                continue;

            isInTransfer = true;
            isAbandoned |= transfer.IsAbandoned;
        }

        return isInTransfer;
    }

    private void RemoveTransferAt(int index)
    {
        _transfers[index].Mapping.RemoveTransfer();
        _transfers.RemoveAt(index);
    }

    private int IndexOfScope(long ticket)
    {
        for (int i = 0; i < _scopes.Count; i++)
        {
            if (_scopes[i].Ticket == ticket)
                return i;
        }

        return -1;
    }

    private int IndexOfTransfer(long ticket)
    {
        for (int i = 0; i < _transfers.Count; i++)
        {
            if (_transfers[i].Ticket == ticket)
                return i;
        }

        return -1;
    }
}
