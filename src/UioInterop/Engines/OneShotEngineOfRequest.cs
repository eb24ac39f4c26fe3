using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace UioInterop;

/// <summary>
/// An engine that makes one transfer at a time: it is told what, started, and interrupts when it is done. This class does the rest:
/// turns, leases, stops, the deadline, cancellation, and errors that say what happened.
/// </summary>
/// <typeparam name="TRequest">What the driver needs to know for a transfer. A struct, so that nothing is allocated for it.</typeparam>
/// <remarks>
/// <para>A driver says how to take leases on the memory (<see cref="Begin"/>), how to start (<see cref="Start"/>), how to
/// acknowledge (<see cref="Acknowledge"/>), and how to stop (<see cref="Engine.Reset"/> or <see cref="Engine.StopProgram"/>).
/// <see cref="OneShotEngine"/> is the short form for engines that take a part of a mapping, or a list of them.</para>
/// <para>Thread-safe: transfers that are asked for while one is under way wait for their turn, in their timeout. Once it has run for
/// a while, a transfer allocates nothing, unless it has to wait for its turn.</para>
/// </remarks>
#pragma warning disable CA1001 // A semaphore without a wait handle has nothing to dispose, and a wait for a turn may come late.
public abstract class OneShotEngine<TRequest> : Engine where TRequest : struct
#pragma warning restore CA1001
{
    private static readonly TimeSpan s_longestWait = TimeSpan.FromDays(1); // SemaphoreSlim waits for less than 25 days at a time
    private static readonly TimeSpan s_longestClose = TimeSpan.FromSeconds(10);

    // One transfer at a time. The transfer that has the turn owns everything below.
    private readonly SemaphoreSlim _turn = new(1);
    private readonly TransferLeases _leases = new();
    private readonly EngineWait _wait = new();
    private int _stops; // the domain's, when the transfer began

    /// <summary>Makes an engine of a device.</summary>
    /// <param name="session">The device's session.</param>
    /// <param name="map">The number of the map that its registers are in.</param>
    /// <param name="domain">What a stop of it ends; null when that is itself only.</param>
    /// <exception cref="ArgumentOutOfRangeException">The device has no such map.</exception>
    protected OneShotEngine(DeviceSession session, int map = 0, StopDomain? domain = null) : base(session, map, domain) { }

    internal override bool IsWaiting => _wait.IsPending;

    /// <summary>
    /// Takes the leases of a transfer, and prepares in memory what the engine reads there, such as descriptors. Runs when it is the
    /// transfer's turn, without a lock. What it throws ends the transfer before it begins.
    /// </summary>
    /// <param name="request">What to transfer.</param>
    /// <param name="leases">Where to add them. The engine ends them.</param>
    protected abstract void Begin(in TRequest request, TransferLeases leases);

    /// <summary>Starts the engine, by writing its registers. Runs under the domain's lock.</summary>
    /// <param name="request">What to transfer.</param>
    /// <param name="leases">The leases that <see cref="Begin"/> took: all are under way.</param>
    protected abstract void Start(in TRequest request, TransferLeases leases);

    /// <summary>
    /// Clears the engine's pending interrupt, and says whether the transfer is done. Runs under the domain's lock after each
    /// interrupt of the device, whichever engine's it was, and before a start.
    /// </summary>
    /// <returns>Whether the transfer is done. It counts only for a transfer that was started and not stopped.</returns>
    /// <exception cref="IOException">The engine reports an error, which ends the transfer. Any exception does.</exception>
    protected abstract EngineState Acknowledge();

    /// <summary>What a <see cref="TimeoutException"/> says of a transfer that was under way. May read registers.</summary>
    /// <param name="timeout">The time that it was given.</param>
    protected virtual string DescribeTimeout(TimeSpan timeout) =>
        $"{this} {(Session.PollInterval is null ? "raised no interrupt" : "was not done")} within {timeout.TotalMilliseconds:0} ms of a "
            + "transfer; it has been told to stop.";

    /// <summary>
    /// Runs after each transfer, failed ones too, once its leases have ended and before the next takes its turn. No lock is held.
    /// </summary>
    protected virtual void Ended()
    {
    }

    /// <summary>Frees what the engine keeps in memory. Runs once, after the device's end, with no transfer under way.</summary>
    protected virtual void Close()
    {
    }

    /// <summary>Makes a transfer, and waits for its end in this thread.</summary>
    /// <inheritdoc cref="RunAsync(TRequest, TimeSpan, CancellationToken)"/>
    protected InterruptCount Run(TRequest request, TimeSpan timeout, CancellationToken token = default)
    {
        var deadline = new Deadline(timeout);
        Domain.ThrowIfHeld(this);
        while (!_turn.Wait(deadline.RemainingAtMost(s_longestWait), token))
            ThrowIfOver(deadline);

        try
        {
            StartTransfer(request, isAsync: false);
            _wait.Wait(deadline, token);
            return EndTransfer(deadline, token);
        }
        finally
        {
            EndTurn();
        }
    }

    /// <summary>Makes a transfer, and waits for its end without a thread.</summary>
    /// <param name="request">What to transfer.</param>
    /// <param name="timeout">How long it may take, with the wait for its turn; or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="token">Ends it.</param>
    /// <returns>
    /// The interrupts since the last wait. The task completes when the transfer is done, or on any failure once the engine has
    /// stopped: then it no longer touches the memory, and how much was transferred is not known.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
    /// <exception cref="TimeoutException">The transfer was not done in time, or its turn did not come.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="TransferStoppedException">Somebody stopped the engine; the message says why.</exception>
    /// <exception cref="InvalidOperationException">
    /// The CPU is in the memory. A transfer that was given up could not be stopped, and still cannot. Somebody else waits for the
    /// device's interrupt. Or this is called from the engine's own Start, Acknowledge or Reset.
    /// </exception>
    /// <exception cref="IOException">
    /// The engine reported an error. Or bus mastering is off at the transfer's end, as after the close of another file of a device of
    /// uio_pci_generic: the device reached no memory, even if it reports success.
    /// </exception>
    /// <exception cref="UioException">EIO, EINVAL, ENODEV: the device was unbound.</exception>
    /// <exception cref="ObjectDisposedException">
    /// The mapping or the device has been disposed. When the device was disposed meanwhile, the memory is free once that Dispose is over.
    /// </exception>
    protected ValueTask<InterruptCount> RunAsync(TRequest request, TimeSpan timeout, CancellationToken token = default)
    {
        var deadline = new Deadline(timeout);
        Domain.ThrowIfHeld(this);
        return RunAsync(request, deadline, token);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<InterruptCount> RunAsync(TRequest request, Deadline deadline, CancellationToken token)
    {
        while (!await _turn.WaitAsync(deadline.RemainingAtMost(s_longestWait), token).ConfigureAwait(false))
            ThrowIfOver(deadline);

        try
        {
            StartTransfer(request, isAsync: true);
            await _wait.WaitAsync(deadline, token).ConfigureAwait(false);
            return EndTransfer(deadline, token);
        }
        finally
        {
            EndTurn();
        }
    }

    internal override void Offer(InterruptCount count)
    {
#pragma warning disable CA1031 // Whatever it is, it ends the transfer; without one nobody is there to hear of it.
        try
        {
            if (Acknowledge() != EngineState.Done || !_wait.IsPending)
                return;

            if (_leases.Count > 0)
                Session.ThrowIfCutOff();
            _wait.TryDecide(EngineWait.Outcome.Done, count);
        }
        catch (Exception error)
        {
            _wait.TryDecide(EngineWait.Outcome.Failed, error: error);
        }
#pragma warning restore CA1031
    }

    internal override void Fail(Exception error) => _wait.TryDecide(EngineWait.Outcome.Failed, error: error);

    internal override void OnStopped(Engine by, string why, Exception? cause)
    {
        // The wait may be decided already, by what caused this stop.
        if (!_wait.IsPending)
            return;

        _wait.TryDecide(EngineWait.Outcome.Failed, error: Device.IsDisposed ? Device.Info.Disposed() : Stopped(by, why, cause));
    }

    internal override void CompleteWaits(bool inline) => _wait.Complete(inline);

    internal override void OnClosed()
    {
        // Transfers that wait for their turn fail and pass it on, until it comes here.
        if (!HasStarted || !_turn.Wait(s_longestClose))
            return;

        try
        {
            Close();
        }
        finally
        {
            _turn.Release();
        }
    }

    private void EndTurn()
    {
        try
        {
            _leases.Clear();
            Ended();
        }
        finally
        {
            _turn.Release();
        }
    }

    private void StartTransfer(in TRequest request, bool isAsync)
    {
        if (!HasStarted)
            Session.Start();
        Domain.Recover(this);

        // Read before the leases are taken: a lease that a stop has ended must start nothing.
        int stops = _stops = Domain.Stops;
        bool hasStarted = false;
        try
        {
            Begin(request, _leases);
            lock (Domain.Gate)
            {
                if (Domain.Stops != _stops || !_leases.AreUnderWay)
                    throw new TransferStoppedException($"{this} was stopped before the transfer began.");

                DropPending();

                // Throws for an unbound device, whose mappings are gone.
                Session.EnableInterrupt();
                _wait.Begin(isAsync);
                hasStarted = true;
                Start(request, _leases);
            }

            if (_stops != stops)
                Domain.CompleteWaits();
            Session.BeginWait();
        }
        catch (Exception error)
        {
            if (hasStarted)
            {
                _wait.End(out _, out _);
                GiveUp(_leases, _stops, error);
            }
            else
            {
                _leases.EndAtRest();
            }

            throw;
        }
    }

    /// <summary>Clears interrupts of earlier transfers. Under the domain's lock.</summary>
    private void DropPending()
    {
#pragma warning disable CA1031 // It is an error of an earlier transfer, whatever it is.
        try
        {
            Acknowledge();
        }
        catch (Exception error)
        {
            Domain.StopHeld(this, "it reported an error of an earlier transfer", error);
            _stops = Domain.Stops;
        }
#pragma warning restore CA1031
        Session.DropInterrupts();
    }

    private InterruptCount EndTransfer(Deadline deadline, CancellationToken token)
    {
        Session.EndWait();
        EngineWait.Outcome outcome = _wait.End(out InterruptCount count, out Exception? error);
        if (outcome == EngineWait.Outcome.Done)
        {
            // Even if the engine says that it is done: it may have been stopped before.
            if (_leases.TryComplete())
                return count;

            error = new TransferStoppedException(Device.Info);
        }
        else if (outcome == EngineWait.Outcome.Cancelled)
        {
            error = new OperationCanceledException(token);
        }
        else if (outcome == EngineWait.Outcome.TimedOut)
        {
            error = new TimeoutException(DescribeTimeoutOrNot(deadline.After));
        }

        GiveUp(_leases, _stops, error!);
        ExceptionDispatchInfo.Throw(error!);
        return default;
    }

    // The device may have been disposed or unbound. The time is over all the same.
    private string DescribeTimeoutOrNot(TimeSpan timeout)
    {
        try
        {
            return DescribeTimeout(timeout);
        }
        catch (Exception error) when (error is ObjectDisposedException or IOException)
        {
            return $"{this} raised no interrupt within {timeout.TotalMilliseconds:0} ms of a transfer, and cannot "
                + $"be asked why: {error.Message}";
        }
    }

    private void ThrowIfOver(Deadline deadline)
    {
        if (deadline.IsOver)
            throw new TimeoutException($"{this} was busy with other transfers for {deadline.After.TotalMilliseconds:0} "
                + "ms; this one has not begun.");
    }
}
