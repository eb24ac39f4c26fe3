namespace UioInterop;

/// <summary>
/// Buffers that a driver keeps imported between transfers, for callers who use the same ones repeatedly: an import costs more
/// than a transfer.
/// </summary>
/// <remarks>
/// <para>A buffer is imported when it is first used. Its mapping ends when the buffer or the device is disposed, or when the
/// cache is full and the buffer is the least recently used; never during a transfer, nor while the CPU writes it.</para>
/// <para>When the kernel refuses to end a mapping, the EventSource raises an event and nothing is thrown: the mapping may be
/// another caller's.</para>
/// <para>A device has a buffer only once: importing a cached buffer into it again fails (EBUSY) until
/// <see cref="Remove"/>. Thread-safe.</para>
/// </remarks>
public sealed class DmaMappingCache
{
    // Protects everything below, and keeps transfers from beginning while their mapping ends. The device's and the buffers'
    // locks are taken inside of it.
    private readonly Lock _gate = new();
    private readonly UioDevice _device;
    private readonly DmaDirection _direction;
    private readonly int _capacity;
    private readonly Dictionary<DmaBuf, LinkedListNode<DmaMapping>> _byBuffer = [];
    private readonly LinkedList<DmaMapping> _byUse = []; // the most recently used comes first
    private readonly List<DmaMapping> _removed = []; // they wait for the end of a transfer, or of a scope

    /// <summary>Makes an empty cache.</summary>
    /// <param name="device">The device whose imports it keeps.</param>
    /// <param name="capacity">How many, more than 0. It holds more only while more are in transfer.</param>
    /// <param name="direction">How it imports: as <see cref="DmaDirection.Bidirectional"/>, buffers can be used either way.</param>
    public DmaMappingCache(UioDevice device, int capacity, DmaDirection direction = DmaDirection.Bidirectional)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        _device = device;
        _capacity = capacity;
        _direction = direction;
    }

    /// <summary>The cache in words: <c>up to 16 mappings, Bidirectional, /dev/uio0</c>.</summary>
    public override string ToString() => $"up to {_capacity} mappings, {_direction}, {_device.Info.DevicePath}";

    /// <summary>Begins a transfer as <see cref="DmaMapping.BeginTransfer"/> does, and imports the buffer first if need be.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the part begins in the buffer, in bytes.</param>
    /// <param name="length">How long it is, in bytes, more than 0. All of it is inside of the buffer.</param>
    /// <returns>The lease. After its end call <see cref="Trim"/>.</returns>
    /// <exception cref="UioException">The buffer cannot be imported: see <see cref="UioDevice.Import"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The part is not inside of the buffer.</exception>
    /// <exception cref="InvalidOperationException">The CPU is in the buffer: see <see cref="DmaMapping.BeginTransfer"/>.</exception>
    /// <exception cref="ObjectDisposedException">The buffer or the device has been disposed.</exception>
    public TransferLease BeginTransfer(DmaBuf buffer, long offset, long length)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        lock (_gate)
        {
            if (_byBuffer.TryGetValue(buffer, out LinkedListNode<DmaMapping>? known))
            {
                _byUse.Remove(known);
                _byUse.AddFirst(known);
                return known.Value.BeginTransfer(offset, length);
            }

            Shrink(_capacity - 1);
            return Add(buffer).BeginTransfer(offset, length);
        }
    }

    /// <summary>
    /// Takes a buffer from the device: at once, or with the <see cref="Trim"/> after the end of its transfer, or of the scope in
    /// which the CPU writes it.
    /// </summary>
    /// <param name="buffer">The buffer.</param>
    /// <returns>Whether it was in here.</returns>
    public bool Remove(DmaBuf buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        lock (_gate)
        {
            if (!_byBuffer.TryGetValue(buffer, out LinkedListNode<DmaMapping>? known))
                return false;

            Forget(known);
            _removed.Add(known.Value);
            EndRemoved();
            return true;
        }
    }

    /// <summary>
    /// Ends mappings that could not end when they were removed, their buffer was disposed, or the cache was full. Cheap when
    /// there are none.
    /// </summary>
    public void Trim()
    {
        lock (_gate)
        {
            EndRemoved();
            Shrink(_capacity);
        }
    }

    /// <summary>Takes all buffers from the device, as <see cref="Remove"/> does.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            while (_byUse.Last is { } last)
            {
                Forget(last);
                _removed.Add(last.Value);
            }

            EndRemoved();
        }
    }

    private DmaMapping Add(DmaBuf buffer)
    {
        // Subscribes before the import, which throws for a disposed buffer: so no Dispose is missed.
        buffer.Disposed += OnDisposed;
        try
        {
            DmaMapping mapping = TakeBack(buffer) ?? _device.Import(buffer, _direction);
            _byBuffer.Add(buffer, _byUse.AddFirst(mapping));
            return mapping;
        }
        catch
        {
            buffer.Disposed -= OnDisposed;
            throw;
        }
    }

    /// <summary>The mapping of a buffer that was removed and is still mapped: a device has a buffer only once.</summary>
    private DmaMapping? TakeBack(DmaBuf buffer)
    {
        for (int i = 0; i < _removed.Count; i++)
        {
            DmaMapping mapping = _removed[i];
            if (mapping.Buffer != buffer)
                continue;

            buffer.ThrowIfDisposed();
            _removed.RemoveAt(i);
            return mapping;
        }

        return null;
    }

    private void OnDisposed(DmaBuf buffer) => Remove(buffer);

    /// <summary>Ends the least recently used mappings, until no more than this many are left.</summary>
    private void Shrink(int count)
    {
        LinkedListNode<DmaMapping>? next = _byUse.Last;
        while (_byUse.Count > count && next is { } oldest)
        {
            next = oldest.Previous;
            if (TryEnd(oldest.Value))
                Forget(oldest);
        }
    }

    private void Forget(LinkedListNode<DmaMapping> known)
    {
        DmaBuf buffer = known.Value.Buffer;
        buffer.Disposed -= OnDisposed;
        _byBuffer.Remove(buffer);
        _byUse.Remove(known);
    }

    private void EndRemoved()
    {
        for (int i = _removed.Count - 1; i >= 0; i--)
        {
            if (TryEnd(_removed[i]))
                _removed.RemoveAt(i);
        }
    }

    /// <summary>Ends a mapping, unless a transfer is under way, or a scope in which the CPU writes is open.</summary>
    private static bool TryEnd(DmaMapping mapping)
    {
        if (!mapping.CanEnd)
            return false;

        try
        {
            mapping.End();
        }
        catch (InvalidOperationException)
        {
            return false; // a scope has begun just now
        }
        catch (UioException error)
        {
            // The caller needs room, or disposes a buffer: the failure is not its concern.
            UioEventSource.Log.EndingFailed(mapping.Device.Info.DevicePath, error.Message);
        }

        return true;
    }
}
