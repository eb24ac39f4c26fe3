using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace UioInterop;

/// <summary>
/// An engine without an end: it goes around a ring of parts of memory, and interrupts on the way. <see cref="RingEngine"/> receives
/// into them, <see cref="SendRingEngine"/> sends them. This class keeps track of who has each part.
/// </summary>
public abstract class StreamEngine : Engine
{
    // Protected by the domain's lock, but for the wait, which has its own.
    private readonly EngineWait _wait = new();
    private readonly DmaDirection _direction;
    private readonly bool _isCyclic;
    private readonly List<long> _unused = []; // parts that the program gave back unused: it gets them next
    private TransferPart[] _parts = [];
    private TransferLease[] _leases = [];
    private bool[] _isReturned = [];
    private long[] _takes = []; // the take by which the program has each part; 0 when it has not
    private long _lastTake; // never the same again, so that a part that was given back gives back no later one
    private bool _isRunning;
    private bool _isListening;
    private Exception? _failure; // why it no longer runs
    private int _run; // which one, so that parts of an earlier one are not taken back
    private int _isTaking; // without the lock
    private long _done; // parts that the engine has finished: the program may have them
    private long _taken; // parts that the program has been handed, or has lost
    private long _tail; // parts that the program has given to the engine

    private protected StreamEngine(DeviceSession session, DmaDirection direction, bool isCyclic, int map, StopDomain? domain)
        : base(session, map, domain) => (_direction, _isCyclic) = (direction, isCyclic);

    /// <summary>Parts that a cyclic engine wrote again before they were taken.</summary>
    private protected long LostParts { get; private set; }

    internal override bool IsWaiting => Volatile.Read(ref _isRunning);

    /// <summary>
    /// Starts the engine. One that receives is given all parts, in their order; one that sends gets them later, each when it is sent.
    /// Runs under the domain's lock.
    /// </summary>
    /// <param name="parts">The parts' leases. Those of an engine that sends have not begun.</param>
    protected abstract void Start(ReadOnlySpan<TransferLease> parts);

    /// <summary>
    /// Clears the engine's pending interrupt, and says how many parts the engine has finished since the last call. Runs under the
    /// domain's lock after each interrupt of the device, whichever engine's it was, before a start, and before a stop.
    /// </summary>
    /// <param name="count">
    /// The interrupts since the last call. With a position register that wraps, they show that the engine has lapped the ring.
    /// </param>
    /// <exception cref="IOException">The engine reports an error, which ends the ring. Any exception does.</exception>
    protected abstract int Acknowledge(InterruptCount count);

    /// <summary>Gives the engine a part, by moving its tail. Runs under the domain's lock, in the order of the parts.</summary>
    /// <param name="part">The part's number.</param>
    /// <param name="lease">Its new lease; as long as what is to be sent.</param>
    protected virtual void GiveBack(int part, TransferLease lease)
    {
    }

    private protected virtual long LengthAt(int part) => _parts[part].Length;

    private protected virtual int Doubt => 1;

    /// <summary>Starts the ring. It runs until <see cref="End"/>, an error, or a stop.</summary>
    /// <param name="parts">The parts, two at least: a mapping each, or parts of one.</param>
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

        int stops = Domain.Stops; // read before the leases are taken: a lease that a stop has ended must start nothing
        var leases = new TransferLeases();
        bool hasStarted = false;
        try
        {
            if (_direction != DmaDirection.ToDevice)
            {
                foreach (TransferPart part in copy)
                    leases.Add(part.Mapping.BeginLease(part.Offset, part.Length, _isCyclic));
            }

            lock (Domain.Gate)
            {
                if (_isRunning)
                    throw new InvalidOperationException($"{this} runs already: End ends it.");
                if (Domain.Stops != stops || !leases.AreUnderWay)
                    throw new TransferStoppedException($"{this} was stopped before the ring began.");

                DropPending();
                stops = Domain.Stops;

                // Throws for an unbound device, whose mappings are gone.
                Session.EnableInterrupt();
                (_parts, _leases, _isReturned) = (copy, new TransferLease[copy.Length], new bool[copy.Length]);
                _takes = new long[copy.Length];
                leases.AsSpan().CopyTo(_leases);
                _unused.Clear();
                (_done, _taken, _tail, LostParts, _failure) = (leases.Count > 0 ? 0 : copy.Length, 0, 0, 0, null);
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

    /// <summary>
    /// Stops the engine, and ends the ring. Parts that the program has stay readable, and those that had been filled can still be
    /// received. Parts that have not been sent are dropped. Does nothing when it does not run.
    /// </summary>
    /// <exception cref="TimeoutException">
    /// The engine stays busy, by the driver's <see cref="Engine.Reset"/>. Its buffers stay where they are.
    /// </exception>
    public void End()
    {
        Domain.ThrowIfHeld(this);
        if (IsWaiting)
            Domain.Stop(this, "the ring was ended");
    }

    /// <summary>Takes the next part that is the program's, and waits for it in this thread.</summary>
    private protected RingPart Take(TimeSpan timeout, CancellationToken token)
    {
        var deadline = new Deadline(timeout);
        BeginTake();
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
            Volatile.Write(ref _isTaking, 0);
        }
    }

    /// <summary>Takes the next part that is the program's, and waits for it without a thread.</summary>
    private protected ValueTask<RingPart> TakeAsync(TimeSpan timeout, CancellationToken token)
    {
        var deadline = new Deadline(timeout);
        BeginTake();
        return TakeAsync(deadline, token);
    }

    /// <summary>Waits until the engine is done with all parts that it has been given.</summary>
    private protected ValueTask DrainAsync(TimeSpan timeout, CancellationToken token)
    {
        var deadline = new Deadline(timeout);
        BeginTake();
        return DrainAsync(deadline, token);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<RingPart> TakeAsync(Deadline deadline, CancellationToken token)
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
            Volatile.Write(ref _isTaking, 0);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask DrainAsync(Deadline deadline, CancellationToken token)
    {
        try
        {
            while (!IsDrained())
            {
                await _wait.WaitAsync(deadline, token).ConfigureAwait(false);
                EndWait(deadline, token);
            }
        }
        finally
        {
            Volatile.Write(ref _isTaking, 0);
        }
    }

    internal override void Offer(InterruptCount count)
    {
        try
        {
            CountDone(count);
        }
#pragma warning disable CA1031 // Whatever it is, it ends the ring.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Fail(error);
            return;
        }

        if (_done > _taken)
            _wait.TryDecide(EngineWait.Outcome.Done);
    }

    private void CountDone(InterruptCount count)
    {
        int done = Acknowledge(count);
        if (done == 0 || !_isRunning)
            return;

        Session.ThrowIfCutOff();
        if (_direction == DmaDirection.ToDevice)
            EndLeases(_done, done);
        _done += done;
        long lost = _done - _taken - (_parts.Length - Doubt);
        if (_isCyclic && lost > 0)
        {
            _taken += lost;
            LostParts += lost;
        }
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

        // What has been filled is the program's.
        if (_failure is null && !Device.IsDisposed)
            Offer(default);
        if (!_isCyclic)
            EndLeases(_taken, _done - _taken);
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
            isIntact = run == _run && _done - number <= _parts.Length - Doubt;
        }

        CompleteWaits(inline: false);
        return isIntact;
    }

    /// <summary>The program has lost a part that it was copying.</summary>
    internal void CountOverrun()
    {
        lock (Domain.Gate)
            LostParts++;
    }

    /// <summary>The program gives a part to the engine. False when the ring does not run any more, or has it already.</summary>
    /// <param name="run">The ring that the part is of.</param>
    /// <param name="take">The take by which the program has it.</param>
    /// <param name="index">The part.</param>
    /// <param name="length">How much of it, in bytes; -1 is all.</param>
    internal bool TryGive(int run, long take, int index, long length = -1)
    {
        lock (Domain.Gate)
        {
            if (_isCyclic || !IsTaken(run, take, index))
                return false;

            TransferPart part = _parts[index];
            _leases[index] = part.Mapping.BeginTransfer(part.Offset, length < 0 ? part.Length : length);
            (_takes[index], _isReturned[index]) = (0, true);
            for (int next = (int)(_tail % _parts.Length); _isReturned[next]; next = (int)(_tail % _parts.Length))
            {
                _isReturned[next] = false;
                _tail++;
                GiveBack(next, _leases[next]);
            }

            return true;
        }
    }

    /// <summary>The program gives a part back unused: it gets that part next.</summary>
    internal void TakeBackUnused(int run, long take, int index, long number)
    {
        lock (Domain.Gate)
        {
            if (!IsTaken(run, take, index))
                return;
            _takes[index] = 0;
            _unused.Add(number);
        }

        Resume();
    }

    private bool IsTaken(int run, long take, int index) => _isRunning && run == _run && _takes[index] == take;

    /// <summary>Why the ring does not run.</summary>
    private protected Exception WhyEnded() =>
        Volatile.Read(ref _failure) ?? new InvalidOperationException($"{this} does not run: Begin starts it.");

    // A thread may wait for a part.
    private void Resume()
    {
        if (_wait.TryDecide(EngineWait.Outcome.Done))
            CompleteWaits(inline: false);
    }

    /// <summary>Clears interrupts of earlier rings. Under the domain's lock.</summary>
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
            part.Mapping.ThrowIfUnusable(Device, _direction, nameof(parts));
            part.Mapping.CheckTransfer(part.Offset, part.Length);
        }

        return copy;
    }

    private void BeginTake()
    {
        Domain.ThrowIfHeld(this);
        if (Interlocked.Exchange(ref _isTaking, 1) != 0)
            throw new InvalidOperationException($"Another thread waits for {this}: one at a time.");
    }

    /// <summary>Takes the next part if there is one, and begins a wait otherwise.</summary>
    private bool TryTake(bool isAsync, out RingPart part)
    {
        lock (Domain.Gate)
        {
            part = default;
            if ((_done > _taken || _unused.Count > 0) && HandsOut && TryEndLease())
            {
                long number = TakeNumber();
                int index = (int)(number % _parts.Length);
                _takes[index] = ++_lastTake;
                part = new RingPart(this, _run, number, _lastTake, index, LengthAt(index));
                return true;
            }

            if (TryBeginWait(isAsync))
                return false;
        }

        // An error of the engine, which still runs.
        EndAfterFailure();
        Throw(_failure!);
        return false;
    }

    // What was received before an error or the end is still there. A part to send is of no use then.
    private bool HandsOut => _direction == DmaDirection.ToDevice ? _isRunning && _failure is null : !Device.IsDisposed;

    // The CPU is kept out of a part that was filled until the program takes it. False when a stop was first.
    private bool TryEndLease() =>
        _isCyclic || _direction == DmaDirection.ToDevice || _leases[(int)(_taken % _parts.Length)].TryComplete();

    private void EndLeases(long first, long count)
    {
        for (long number = first; number < first + count; number++)
            _leases[(int)(number % _parts.Length)].TryComplete();
    }

    private long TakeNumber()
    {
        if (_unused.Count == 0)
            return _taken++;

        int first = _unused.IndexOf(_unused.Min());
        long number = _unused[first];
        _unused.RemoveAt(first);
        return number;
    }

    /// <summary>Whether the engine is done with all that it has been given. Begins a wait otherwise.</summary>
    private bool IsDrained()
    {
        lock (Domain.Gate)
        {
            if (_isRunning && _done - _parts.Length == _tail)
                return true;
            if (TryBeginWait(isAsync: true))
                return false;
        }

        EndAfterFailure();
        Throw(_failure!);
        return false;
    }

    // False when an error has to be reported first. Under the domain's lock.
    private bool TryBeginWait(bool isAsync)
    {
        if (!_isRunning)
            Throw(WhyEnded());
        if (_failure is not null)
            return false;

        _wait.Begin(isAsync);
        return true;
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
                throw new TimeoutException(
                    $"{this} finished no part within {deadline.After.TotalMilliseconds:0} ms. The ring goes on.");
            case EngineWait.Outcome.Cancelled:
                throw new OperationCanceledException(token);
        }
    }

    private static void Throw(Exception error) => ExceptionDispatchInfo.Throw(error);
}
