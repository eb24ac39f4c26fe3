namespace UioInterop;

/// <summary>
/// The engines that one reset stops together. By default each engine has its own. The two channels of Xilinx's AXI DMA share
/// one, because the reset of either resets both. Engines of one domain may be on several UIO devices.
/// </summary>
/// <remarks>
/// A stop of one engine ends the transfers of all engines of the domain. Those of the others fail with a
/// <see cref="TransferStoppedException"/> that names the cause. Thread-safe.
/// </remarks>
public sealed class StopDomain
{
    // Held while an engine of the domain is started, asked or reset. The device's lock and the buffers' are taken inside of it.
    private readonly Lock _gate = new();
    private Engine[] _engines = []; // replaced under the lock, never changed
    private int _stops; // written under the lock
    private Exception? _whyNotAtRest;
    private bool _hasStarted;

    internal Lock Gate => _gate;

    /// <summary>How often the domain has been stopped.</summary>
    internal int Stops => Volatile.Read(ref _stops);

    /// <summary>Why the last stop failed; null when it succeeded.</summary>
    internal Exception? WhyNotAtRest => Volatile.Read(ref _whyNotAtRest);

    /// <summary>The domain in words: its engines.</summary>
    public override string ToString() => $"stops together: {string.Join<Engine>(", ", Volatile.Read(ref _engines))}";

    internal void Add(Engine engine)
    {
        lock (_gate)
        {
            if (_hasStarted)
                throw new InvalidOperationException($"{engine} joins a stop domain that is in use, and its first reset would stop the "
                    + "others: make all engines first.");
            _engines = [.. _engines, engine];
        }
    }

    internal void Remove(Engine engine)
    {
        lock (_gate)
            _engines = [.. _engines.Where(other => other != engine)];
    }

    /// <summary>Throws when an engine is entered from its own Start, Acknowledge or Reset.</summary>
    internal void ThrowIfHeld(Engine engine)
    {
        if (_gate.IsHeldByCurrentThread)
            throw new InvalidOperationException($"{engine} was entered again from its own Start, Acknowledge or Reset: "
                + "those only touch registers.");
    }

    /// <summary>Resets an engine, and with it all of the domain.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="why">The cause, for the transfers that it ends.</param>
    /// <param name="cause">What led to it; may be null.</param>
    /// <param name="since">
    /// The value of <see cref="Stops"/> when the transfer began: if it has changed, this does nothing. -1 stops in any case.
    /// </param>
    internal void Stop(Engine engine, string why, Exception? cause = null, int since = -1)
    {
        ThrowIfHeld(engine);
        try
        {
            lock (_gate)
            {
                if (since < 0 || since == _stops)
                    StopHeld(engine, why, cause);
            }
        }
        finally
        {
            CompleteWaits();
        }
    }

    /// <summary>As <see cref="Stop"/>, under the lock. Then call <see cref="CompleteWaits"/> without it.</summary>
    internal void StopHeld(Engine engine, string why, Exception? cause)
    {
        _hasStarted = true;
        Volatile.Write(ref _stops, _stops + 1);

        // Before the reset: an interrupt that the reset provokes is no transfer's end.
        foreach (Engine other in _engines)
            other.OnStopped(engine, why, cause);
        Reset(engine, _engines);
    }

    /// <summary>Resumes those whose transfers a stop has ended. Without the lock.</summary>
    internal void CompleteWaits()
    {
        foreach (Engine other in Volatile.Read(ref _engines))
            other.CompleteWaits(inline: false);
    }

    /// <summary>Tries again when the last stop failed.</summary>
    /// <exception cref="InvalidOperationException">It fails again.</exception>
    internal void Recover(Engine engine)
    {
        if (WhyNotAtRest is null)
            return;

        lock (_gate)
        {
            if (_whyNotAtRest is null)
                return;

            try
            {
                Reset(engine, _engines);
            }
            catch (Exception error) when (error is not ObjectDisposedException)
            {
                throw new InvalidOperationException($"{engine} cannot be started: an earlier transfer was given up and could not "
                    + $"be stopped: {error.Message}", error);
            }
        }
    }

    private void Reset(Engine engine, Engine[] engines)
    {
        try
        {
            engine.RunReset();
        }
        catch (Exception error)
        {
            Volatile.Write(ref _whyNotAtRest, error);
            throw;
        }

        Volatile.Write(ref _whyNotAtRest, null);
        foreach (Engine other in engines)
            other.EndStuckLeases();
    }
}
