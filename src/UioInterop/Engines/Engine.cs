namespace UioInterop;

/// <summary>
/// What all engines have in common. <see cref="OneShotEngine{TRequest}"/> makes one transfer after the other,
/// <see cref="StreamEngine"/> one without an end.
/// </summary>
/// <remarks>
/// The driver's Start, Acknowledge and <see cref="Reset"/> run under the lock of the engine's
/// <see cref="StopDomain"/>, one at a time. They touch registers and return soon. A call back into the engine from there throws
/// <see cref="InvalidOperationException"/>.
/// </remarks>
public abstract class Engine
{
    private readonly List<TransferLease> _stuck = []; // under the domain's lock: a stop failed, and they are under way

    private protected Engine(DeviceSession session, int map, StopDomain? domain)
    {
        ArgumentNullException.ThrowIfNull(session);
        Session = session;
        Registers = session.Device.GetRegisters(map);
        Domain = domain ?? new StopDomain();
        Domain.Add(this);
        session.Add(this);
    }

    /// <summary>The session of the engine's device.</summary>
    public DeviceSession Session { get; }

    /// <summary>The UIO device, to import buffers with.</summary>
    public UioDevice Device => Session.Device;

    /// <summary>What a stop of the engine ends.</summary>
    public StopDomain Domain { get; }

    /// <summary>The engine's registers.</summary>
    protected Registers Registers { get; }

    /// <summary>
    /// How the kernel stops the engine when this process is gone. The session composes it with those of the device's other engines, and
    /// gives the kernel none unless every engine has one. Read once, when the engine is first reset.
    /// </summary>
    protected virtual QuiesceProgram? StopProgram => null;

    /// <summary>
    /// Brings the engine to rest: on return it touches no memory, no interrupt of it is pending, and it can be started. Runs when it
    /// is first used, when a transfer is given up, and before the device is closed. Runs <see cref="StopProgram"/> unless
    /// overridden.
    /// </summary>
    /// <exception cref="TimeoutException">The engine stays busy. Its buffers stay where they are.</exception>
    protected virtual void Reset()
    {
        QuiesceProgram program = StopProgram
            ?? throw new NotSupportedException($"{this} has no way to stop: override Reset, or StopProgram.");
        program.Run();
    }

    /// <summary>
    /// Stops the engine, and all others of its <see cref="Domain"/>. Their transfers fail with a
    /// <see cref="TransferStoppedException"/>.
    /// </summary>
    /// <exception cref="TimeoutException">It stays busy, by the driver's <see cref="Reset"/>.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public void Quiesce() => Domain.Stop(this, "Quiesce was called");

    /// <summary>The engine in words, for messages: its type and its device.</summary>
    public override string ToString() => $"{GetType().Name} on {Device.Info}";

    /// <summary>
    /// Holds off starts, acknowledgements and resets of the <see cref="Domain"/>, for a driver that writes registers at other times.
    /// </summary>
    /// <returns>Dispose it soon, on the same thread: interrupts wait meanwhile.</returns>
    /// <exception cref="InvalidOperationException">This is called from the engine's own Start, Acknowledge or Reset.</exception>
    protected Lock.Scope EnterGate()
    {
        Domain.ThrowIfHeld(this);
        return Domain.Gate.EnterScope();
    }

    /// <summary>Whether it has been reset, and may be asked.</summary>
    internal bool HasStarted { get; private set; }

    /// <summary>Whether a transfer of it waits for an interrupt.</summary>
    internal abstract bool IsWaiting { get; }

    internal QuiesceProgram? TakeStopProgram() => StopProgram;

    internal void RunReset() => Reset();

    /// <summary>Resets it before its first use.</summary>
    internal void StartUp()
    {
        Domain.Stop(this, "the device was opened");
        HasStarted = true;
    }

    /// <summary>An interrupt has come. Under the domain's lock.</summary>
    internal abstract void Offer(InterruptCount count);

    /// <summary>Ends its waits with an error.</summary>
    internal abstract void Fail(Exception error);

    /// <summary>It is about to be stopped. Under the domain's lock.</summary>
    internal abstract void OnStopped(Engine by, string why, Exception? cause);

    /// <summary>Completes waits that have been decided. Without any lock.</summary>
    internal abstract void CompleteWaits(bool inline);

    /// <summary>The device has been disposed.</summary>
    internal abstract void OnClosed();

    /// <summary>Ends a lease after the coming reset, if that succeeds. Under the domain's lock.</summary>
    private protected void EndAfterReset(TransferLease lease)
    {
        if (lease.Abandon())
            _stuck.Add(lease);
    }

    /// <summary>The engine has come to rest. Under the domain's lock.</summary>
    internal void EndStuckLeases()
    {
        foreach (TransferLease lease in _stuck)
            lease.EndAtRest();
        _stuck.Clear();
    }

    private protected TransferStoppedException Stopped(Engine by, string why, Exception? cause) => new(
        by == this
            ? $"{this} was stopped before the transfer was done: {why}."
            : $"{this} was stopped before the transfer was done: {by} shares its reset and was stopped: {why}.",
        cause);

    /// <summary>
    /// Ends the leases of a transfer that was started and is not done: stops the engine, unless it has been stopped since.
    /// </summary>
    /// <param name="leases">The leases.</param>
    /// <param name="stops">The domain's stops when it began.</param>
    /// <param name="why">Why it is given up.</param>
    private protected void GiveUp(TransferLeases leases, int stops, Exception why)
    {
        foreach (TransferLease lease in leases)
            lease.Abandon(); // the end of a mapping need not wait for it

        // The device's Dispose stops the engine, and ends them.
        if (Device.IsDisposed)
            return;

        try
        {
            if (Domain.Stops == stops && !Device.IsUnbound)
                Domain.Stop(this, "a transfer was given up", why, since: stops);
        }
        catch (ObjectDisposedException)
        {
            return; // meanwhile
        }
#pragma warning disable CA1031 // Whatever it is, the engine may be running. The caller hears of "why".
        catch (Exception failure)
#pragma warning restore CA1031
        {
            Device.ReportQuiesceFailed(failure);
        }

        lock (Domain.Gate)
        {
            bool isAtRest = Domain.WhyNotAtRest is null || Device.IsUnbound;
            foreach (TransferLease lease in leases)
            {
                if (isAtRest)
                    lease.EndAtRest();
                else
                    _stuck.Add(lease);
            }
        }
    }
}
