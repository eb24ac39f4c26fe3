using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace UioInterop;

/// <summary>
/// An engine that receives without an end: it fills a ring of parts one after the other, and interrupts on the way. This class hands
/// the parts to the program, counts what was overrun, and does what <see cref="OneShotEngine{TRequest}"/> does besides.
/// </summary>
/// <remarks>
/// <para>An engine with a tail stops before parts that have not been given back: a part is lent to the program, and the stream stalls
/// while all are. A cyclic engine goes round whatever the program does: there the program copies a part, and hears when the engine
/// has come round meanwhile (<see cref="RingPart.TryCopyTo"/>).</para>
/// <para>The kernel syncs all of a buffer when the CPU begins and ends to read it: with a buffer for each part that is a part, with
/// one buffer for all it is the whole ring, each time.</para>
/// <para>Thread-safe; one thread receives at a time. Receiving allocates nothing once it has run for a while.</para>
/// </remarks>
public abstract class RingEngine : Engine
{
    // Protected by the domain's lock, but for the wait, which has its own.
    private readonly EngineWait _wait = new();
    private readonly bool _isCyclic;
    private TransferPart[] _parts = [];
    private TransferLease[] _leases = [];
    private bool[] _isReturned = [];
    private bool _isRunning;
    private bool _isListening;
    private Exception? _failure; // why it does not run any more
    private int _run; // which one, so that parts of an earlier one are not taken back
    private int _isReceiving; // without the lock
    private long _done; // parts that the engine has filled
    private long _taken; // parts that the program has been handed, or has lost
    private long _tail; // parts that the engine has been given again

    /// <summary>Makes an engine of a device.</summary>
    /// <param name="session">The device's session.</param>
    /// <param name="isCyclic">Whether it goes round whatever the program does; false when it has a tail.</param>
    /// <param name="map">The number of the map that its registers are in.</param>
    /// <param name="domain">What a stop of it ends; null when that is itself only.</param>
    /// <exception cref="ArgumentOutOfRangeException">The device has no such map.</exception>
    protected RingEngine(DeviceSession session, bool isCyclic, int map = 0, StopDomain? domain = null) : base(session, map, domain) =>
        _isCyclic = isCyclic;

    /// <summary>How many parts were lost since the ring began, because the engine wrote them again before they were taken.</summary>
    public long Overruns { get; private set; }

    internal override bool IsWaiting => Volatile.Read(ref _isRunning);

    /// <summary>Starts the engine on all parts, in their order. Runs under the domain's lock.</summary>
    /// <param name="parts">Their leases.</param>
    protected abstract void Start(ReadOnlySpan<TransferLease> parts);

    /// <summary>
    /// Clears what interrupt of the engine is pending, and says how many parts it has filled since the last call. Runs under the
    /// domain's lock after each interrupt of the device, whichever engine's it was, and before a start.
    /// </summary>
    /// <param name="count">
    /// The interrupts since the last call: whoever counts by a position that wraps sees from them that the engine has come round.
    /// </param>
    /// <exception cref="IOException">The engine reports an error, which ends the ring. Any exception does.</exception>
    protected abstract int Acknowledge(InterruptCount count);

    /// <summary>Lets the engine fill a part again, by moving its tail. Runs under the domain's lock, in the order of the parts.</summary>
    /// <param name="part">The part's number.</param>
    /// <param name="lease">Its new lease.</param>
    protected virtual void GiveBack(int part, TransferLease lease)
    {
    }

    /// <summary>
    /// How much the engine has put into a part that it has filled. Runs under the domain's lock. All of it, unless overridden.
    /// </summary>
    /// <param name="part">The part's number.</param>
    protected virtual long LengthOf(int part) => _parts[part].Length;

    /// <summary>Starts the ring. It runs until <see cref="End"/>, an error, or a stop.</summary>
    /// <param name="parts">The parts, two at least: a mapping each, or parts of one. Imported for the engine to write.</param>
    /// <exception cref="ArgumentException">
    /// There are fewer than two parts, or a mapping is another device's or for the other direction.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// It runs already; the CPU is in the memory; or the engine could not be stopped before.
    /// </exception>
    /// <exception cref="TransferStoppedException">Somebody stopped the engine meanwhile.</exception>
    /// <exception cref="UioException">EIO, EINVAL, ENODEV: the device was unbound.</exception>
    /// <exception cref="ObjectDisposedException">A mapping or the device has been disposed.</exception>
    public void Begin(IReadOnlyList<TransferPart> parts)
    {
        TransferPart[] copy = Check(parts);
        Domain.ThrowIfHeld(this);
        if (!HasStarted)
            Session.Start();
        Domain.Recover(this);

        int stops = Domain.Stops; // before the leases: one that a stop has ended must not be started with
        var leases = new TransferLeases();
        bool hasStarted = false;
        try
        {
            foreach (TransferPart part in copy)
                leases.Add(part.Mapping.BeginLease(part.Offset, part.Length, _isCyclic));

            lock (Domain.Gate)
            {
                if (_isRunning)
                    throw new InvalidOperationException($"{this} runs already: End ends it.");
                if (Domain.Stops != stops || !leases.AreUnderWay)
                    throw new TransferStoppedException($"{this} was stopped before the ring began.");

                DropPending();
                stops = Domain.Stops;

                // A device without its driver, and so without its mappings, does not get past this.
                Device.EnableInterrupt();
                (_parts, _leases, _isReturned) = (copy, leases.AsSpan().ToArray(), new bool[copy.Length]);
                (_done, _taken, _tail, Overruns, _failure) = (0, 0, 0, 0, null);
                _run++;
                hasStarted = true;
                Start(_leases);
                Volatile.Write(ref _isRunning, true);
                _isListening = true;
            }

            Domain.CompleteWaits();
            Session.BeginWait();
        }
        catch (Exception error)
        {
            if (hasStarted)
                GiveUp(leases, stops, error);
            else
                leases.EndAtRest();
            throw;
        }
    }

    /// <summary>Stops the engine, and ends the ring. Parts that the program has stay readable. Does nothing when it does not run.</summary>
    /// <exception cref="TimeoutException">
    /// The engine stays busy, by the driver's <see cref="Engine.Reset"/>. Its buffers stay where they are.
    /// </exception>
    public void End()
    {
        Domain.ThrowIfHeld(this);
        if (IsWaiting)
            Domain.Stop(this, "the ring was ended");
    }

    /// <summary>Takes the next part, and waits for it in this thread.</summary>
    /// <inheritdoc cref="ReceiveAsync(TimeSpan, CancellationToken)"/>
    public RingPart Receive(TimeSpan timeout, CancellationToken token = default)
    {
        var deadline = new Deadline(timeout);
        BeginReceive();
        try
        {
            while (true)
            {
                if (TryTake(isAsync: false, out RingPart part))
                    return part;
                _wait.Wait(deadline, token);
                EndWait(deadline, token);
            }
        }
        finally
        {
            Volatile.Write(ref _isReceiving, 0);
        }
    }

    /// <summary>Takes the next part, and waits for it without a thread.</summary>
    /// <param name="timeout">How long to wait; or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="token">Ends the wait.</param>
    /// <returns>The part. Dispose it to give it back.</returns>
    /// <exception cref="TimeoutException">None came in time. The ring goes on.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled. The ring goes on.</exception>
    /// <exception cref="TransferStoppedException">Somebody stopped the engine; the message says why.</exception>
    /// <exception cref="InvalidOperationException">The ring does not run, or another thread receives.</exception>
    /// <exception cref="UioException">EIO: the device was unbound.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public ValueTask<RingPart> ReceiveAsync(TimeSpan timeout, CancellationToken token = default)
    {
        var deadline = new Deadline(timeout);
        BeginReceive();
        return ReceiveAsync(deadline, token);
    }

    /// <summary>Takes one part after the other. Dispose each to give it back.</summary>
    /// <param name="token">Ends it. The ring goes on.</param>
    /// <inheritdoc cref="ReceiveAsync(TimeSpan, CancellationToken)"/>
    public async IAsyncEnumerable<RingPart> ReceiveForever([EnumeratorCancellation] CancellationToken token = default)
    {
        while (true)
            yield return await ReceiveAsync(Timeout.InfiniteTimeSpan, token).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<RingPart> ReceiveAsync(Deadline deadline, CancellationToken token)
    {
        try
        {
            while (true)
            {
                if (TryTake(isAsync: true, out RingPart part))
                    return part;
                await _wait.WaitAsync(deadline, token).ConfigureAwait(false);
                EndWait(deadline, token);
            }
        }
        finally
        {
            Volatile.Write(ref _isReceiving, 0);
        }
    }

    internal override void Offer(InterruptCount count)
    {
        int done;
        try
        {
            done = Acknowledge(count);
            if (done > 0)
                Session.ThrowIfCutOff();
        }
#pragma warning disable CA1031 // Whatever it is, it ends the ring.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Fail(error);
            return;
        }

        _done += done;
        if (_isCyclic && _done - _taken >= _parts.Length)
        {
            // The part that it writes now is none to read either.
            long lost = _done - _taken - (_parts.Length - 1);
            _taken += lost;
            Overruns += lost;
        }

        if (_done > _taken)
            _wait.TryDecide(EngineWait.Outcome.Done);
    }

    internal override void Fail(Exception error)
    {
        Interlocked.CompareExchange(ref _failure, error, null);
        _wait.TryDecide(EngineWait.Outcome.Failed, error: error);
    }

    internal override void OnStopped(Engine by, string why, Exception? cause)
    {
        if (!_isRunning)
            return;

        Volatile.Write(ref _isRunning, false);
        _failure ??= Device.IsDisposed ? Device.Info.Disposed() : Stopped(by, why, cause);
        foreach (TransferLease lease in _leases)
            EndAfterReset(lease);
        if (_isListening)
            Session.EndWait();
        _isListening = false;
        _wait.TryDecide(EngineWait.Outcome.Failed, error: _failure);
    }

    internal override void CompleteWaits(bool inline) => _wait.Complete(inline);

    internal override void OnClosed()
    {
    }

    /// <summary>The bytes of a part that the program has.</summary>
    internal TransferPart PartAt(int index) => _parts[index];

    /// <summary>Whether the engine has not come round to a part since the program took it.</summary>
    internal bool IsIntact(int run, long number)
    {
        if (!_isCyclic)
            return true;

        bool isIntact;
        lock (Domain.Gate)
        {
            if (_isRunning && run == _run)
                Offer(default); // it may have come round without an interrupt so far
            isIntact = run == _run && _done - number < _parts.Length;
        }

        CompleteWaits(inline: false);
        return isIntact;
    }

    /// <summary>The program has lost a part that it was copying.</summary>
    internal void CountOverrun()
    {
        lock (Domain.Gate)
            Overruns++;
    }

    /// <summary>The program gives a part back.</summary>
    internal void TakeBack(int run, long number)
    {
        lock (Domain.Gate)
        {
            if (_isCyclic || !_isRunning || run != _run || number < _tail)
                return;

            int index = (int)(number % _parts.Length);
            if (_isReturned[index])
                return;

            _leases[index] = _parts[index].Mapping.BeginTransfer(_parts[index].Offset, _parts[index].Length);
            _isReturned[index] = true;
            for (int next = (int)(_tail % _parts.Length); _isReturned[next]; next = (int)(_tail % _parts.Length))
            {
                _isReturned[next] = false;
                _tail++;
                GiveBack(next, _leases[next]);
            }
        }
    }

    /// <summary>Drops what is left of earlier rings. Under the domain's lock.</summary>
    private void DropPending()
    {
        try
        {
            Acknowledge(default);
        }
#pragma warning disable CA1031 // It is an error of an earlier ring, whatever it is.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Domain.StopHeld(this, "it reported an error of an earlier ring", error);
        }

        Session.DropInterrupts();
    }

    private TransferPart[] Check(IReadOnlyList<TransferPart> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        TransferPart[] copy = [.. parts];
        if (copy.Length < 2)
            throw new ArgumentException("A ring has two parts at least: one to read while the engine writes the other.", nameof(parts));
        foreach (TransferPart part in copy)
        {
            ArgumentNullException.ThrowIfNull(part.Mapping, nameof(parts));
            part.Mapping.ThrowIfUnusable(Device, DmaDirection.FromDevice, nameof(parts));
            part.Mapping.CheckTransfer(part.Offset, part.Length);
        }

        return copy;
    }

    private void BeginReceive()
    {
        Domain.ThrowIfHeld(this);
        if (Interlocked.Exchange(ref _isReceiving, 1) != 0)
            throw new InvalidOperationException($"Another thread receives from {this}: one at a time.");
    }

    /// <summary>Takes the next part if there is one, and begins a wait otherwise.</summary>
    private bool TryTake(bool isAsync, out RingPart part)
    {
        lock (Domain.Gate)
        {
            part = default;
            if (_done > _taken && _isRunning)
            {
                long number = _taken;
                int index = (int)(number % _parts.Length);
                if (_isCyclic || _leases[index].TryComplete())
                {
                    _taken++;
                    part = new RingPart(this, _run, number, index, LengthOf(index));
                    return true;
                }
            }

            if (!_isRunning)
                Throw(_failure ?? new InvalidOperationException($"{this} does not run: Begin starts it."));
            if (_failure is null)
            {
                _wait.Begin(isAsync);
                return false;
            }
        }

        // An error of the engine, which still runs.
        EndAfterFailure();
        Throw(_failure);
        return false;
    }

    private void EndAfterFailure()
    {
        if (Device.IsDisposed || Device.IsUnbound)
            return;

        try
        {
            End();
        }
        catch (ObjectDisposedException)
        {
            // meanwhile
        }
#pragma warning disable CA1031 // Whatever it is, the engine may be running; the caller hears of what led to it.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            Device.ReportQuiesceFailed(failure);
        }
    }

    private void EndWait(Deadline deadline, CancellationToken token)
    {
        switch (_wait.End(out _, out _))
        {
            case EngineWait.Outcome.TimedOut:
                throw new TimeoutException($"{this} filled no part within {deadline.After.TotalMilliseconds:0} ms. The ring goes on.");
            case EngineWait.Outcome.Cancelled:
                throw new OperationCanceledException(token);
        }
    }

    private static void Throw(Exception error) => ExceptionDispatchInfo.Throw(error);
}
