using System.Diagnostics;

namespace UioInterop;

/// <summary>
/// Buffers of one size to rent and give back. They are allocated and imported once, so that a rent costs neither.
/// </summary>
/// <remarks>
/// <para>A rented buffer has the content that its last user left. It is not zeroed.</para>
/// <para>Thread-safe. Renting and giving back allocate nothing, except to wait in <see cref="RentAsync"/>.</para>
/// </remarks>
/// <example>
/// <code>
/// using var pool = new DmaMappingPool(device, DmaHeap.System, 65536, DmaDirection.FromDevice, capacity: 8);
/// ...
/// using RentedMapping rented = await pool.RentAsync(TimeSpan.FromSeconds(1), token);
/// using TransferLease lease = rented.Mapping.BeginTransfer(0, 4096);
/// </code>
/// </example>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class DmaMappingPool : IDisposable
{
    private readonly UioDevice _device;
    private readonly DmaHeap _heap;
    private readonly long _length;

    // Counts what can be rented. A disposed pool lets all waiters through: they throw.
    private readonly SemaphoreSlim _available;

    // Protects everything below. A buffer's lock is taken inside of it; the device's never, because ending a mapping waits.
    private readonly Lock _gate = new();
    private readonly Stack<Slot> _idle;
    private long _lastTicket;
    private bool _disposed;

    /// <summary>Allocates the buffers and imports them into the device.</summary>
    /// <param name="device">The device. It is to be disposed after the pool.</param>
    /// <param name="heap">Where the buffers come from.</param>
    /// <param name="length">How long each is, in bytes, more than 0; rounded up to whole pages.</param>
    /// <param name="direction">What the device does with them.</param>
    /// <param name="capacity">How many there are, more than 0.</param>
    /// <exception cref="UioException">A buffer could not be allocated or imported. None is left behind then.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public DmaMappingPool(UioDevice device, DmaHeap heap, long length, DmaDirection direction, int capacity)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(heap);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);

        _device = device;
        _heap = heap;
        _length = length;
        Direction = direction;
        Capacity = capacity;
        _available = new SemaphoreSlim(capacity);
        _idle = new Stack<Slot>(capacity);
        try
        {
            while (_idle.Count < capacity)
                _idle.Push(new Slot { Mapping = Import() });
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>How many buffers there are.</summary>
    public int Capacity { get; }

    /// <summary>What the device does with them.</summary>
    public DmaDirection Direction { get; }

    /// <summary>How many can be rented now.</summary>
    public int Available
    {
        get
        {
            lock (_gate)
                return _idle.Count;
        }
    }

    /// <summary>Rents a buffer, and waits until there is one.</summary>
    /// <param name="timeout">How long to wait; zero does not wait, <see cref="Timeout.InfiniteTimeSpan"/> has no limit.</param>
    /// <returns>The buffer, which goes back with its Dispose.</returns>
    /// <exception cref="TimeoutException">All of them stayed rented.</exception>
    /// <exception cref="UioException">A replacement for a mapping that has ended could not be allocated or imported.</exception>
    /// <exception cref="ObjectDisposedException">The pool has been disposed, perhaps while this waited.</exception>
    public RentedMapping Rent(TimeSpan timeout) =>
        _available.Wait(timeout) ? Take() : throw Exhausted();

    /// <summary>Rents a buffer as <see cref="Rent"/> does, and waits without a thread.</summary>
    /// <param name="timeout">How long to wait; zero does not wait, <see cref="Timeout.InfiniteTimeSpan"/> has no limit.</param>
    /// <param name="token">Ends the wait. Nothing is rented then.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <inheritdoc cref="Rent"/>
    public ValueTask<RentedMapping> RentAsync(TimeSpan timeout, CancellationToken token = default)
    {
        if (token.IsCancellationRequested)
            return ValueTask.FromCanceled<RentedMapping>(token);

        // The way that allocates nothing.
        return _available.Wait(TimeSpan.Zero, CancellationToken.None)
            ? ValueTask.FromResult(Take())
            : new ValueTask<RentedMapping>(WaitAsync(timeout, token));
    }

    /// <summary>
    /// Ends the mappings that nobody has rented. Rented ones end when they are given back. Waits end with
    /// <see cref="ObjectDisposedException"/>. Later calls do nothing.
    /// </summary>
    /// <remarks>
    /// <see cref="UioDevice.Failed"/> reports a mapping that cannot be ended: it ends with the device. It also reports a buffer with
    /// an open scope of CPU access: the scope's holder has to dispose the buffer.
    /// </remarks>
    public void Dispose()
    {
        Slot[] idle;
        lock (_gate)
        {
            if (_disposed)
                return;

            _disposed = true;
            idle = [.. _idle];
            _idle.Clear();
            _available.Release(int.MaxValue / 2);
        }

        End(idle);
    }

    /// <summary>The mapping of a rent.</summary>
    /// <exception cref="ObjectDisposedException">It has been given back.</exception>
    internal DmaMapping MappingOf(Slot slot, long ticket)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(slot.Ticket != ticket, typeof(RentedMapping));
            return slot.Mapping!;
        }
    }

    /// <summary>A rent is over. Nothing happens when it was over before.</summary>
    internal void Return(Slot slot, long ticket)
    {
        lock (_gate)
        {
            if (slot.Ticket != ticket)
                return;

            bool isReusable = slot.Mapping!.IsReusable();
            slot.Ticket = 0;
            if (isReusable && !_disposed)
            {
                MakeAvailable(slot);
                return;
            }
        }

        End(slot);

        // Without a mapping: the next rent makes one.
        lock (_gate)
        {
            if (!_disposed)
                MakeAvailable(slot);
        }
    }

    /// <summary>The pool in words: <c>3 of 4 available, 4096 bytes each, ToDevice, /dev/uio0</c>.</summary>
    public override string ToString() =>
        $"{Available} of {Capacity} available, {_length} bytes each, {Direction}, "
        + $"{_device.Info.DevicePath}{(_disposed ? ", disposed" : "")}";

    private async Task<RentedMapping> WaitAsync(TimeSpan timeout, CancellationToken token) =>
        await _available.WaitAsync(timeout, token).ConfigureAwait(false) ? Take() : throw Exhausted();

    private RentedMapping Take()
    {
        Slot slot;
        long ticket;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            slot = _idle.Pop();
            slot.Ticket = ticket = ++_lastTicket;
            if (slot.Mapping is { HasEnded: false })
                return new RentedMapping(this, slot, ticket);
        }

        try
        {
            End(slot); // one whose device was disposed, or which somebody had kept and disposed
            slot.Mapping = Import();
            return new RentedMapping(this, slot, ticket);
        }
        catch
        {
            lock (_gate)
            {
                slot.Ticket = 0;
                if (!_disposed)
                    MakeAvailable(slot);
            }

            throw;
        }
    }

    private void MakeAvailable(Slot slot)
    {
        _idle.Push(slot);
        _available.Release();
    }

    private DmaMapping Import()
    {
        DmaBuf buffer = _heap.Allocate(_length);
        try
        {
            return _device.Import(buffer, Direction);
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    /// <summary>Ends mappings and their buffers. One that cannot be ended does not hold up the others.</summary>
    private void End(params ReadOnlySpan<Slot> slots)
    {
        foreach (Slot slot in slots)
        {
            if (slot.Mapping is not { } mapping)
                continue;

            slot.Mapping = null;
            mapping.Dispose();
            try
            {
                mapping.Buffer.Dispose();
            }
            catch (InvalidOperationException failure)
            {
                _device.Report(failure); // somebody has kept the buffer, and a scope open on it
            }
        }
    }

    private TimeoutException Exhausted() =>
        new($"All {Capacity} buffers of the pool stayed rented: give them back with RentedMapping.Dispose, or make the pool with more.");

    /// <summary>A place for one buffer. Without a mapping until the first rent after one had to be ended.</summary>
    internal sealed class Slot
    {
        public DmaMapping? Mapping { get; set; }

        /// <summary>The rent's number; 0 when there is none.</summary>
        public long Ticket { get; set; }
    }
}
