using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace UioInterop;

/// <summary>
/// An open device and its engines. It brings them to rest before their first use, hands each interrupt to all of them, stops them,
/// and tells the kernel how to stop them.
/// </summary>
/// <remarks>
/// <para>It sets <see cref="UioDevice.Quiesce"/> and takes the device's interrupts while a transfer is under way: nobody else waits
/// for them then. Engines do not dispose the device; the session does.</para>
/// <para>Thread-safe. Locks, from the outside in: the device's stops; a <see cref="StopDomain"/>'s; the device's; a buffer's.
/// Only the interrupt's is taken inside of the session's own and of those of waits.</para>
/// </remarks>
/// <example>
/// <code>
/// using DeviceSession session = DeviceSession.Open(UioDeviceId.FromName("adder"));
/// var adder = new Adder(session);
/// await adder.RunAsync(input, TimeSpan.FromSeconds(1));
/// </code>
/// </example>
public sealed class DeviceSession : IThreadPoolWorkItem, IDisposable
{
    private static readonly TimeSpan s_shortestPoll = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_longestPoll = TimeSpan.FromDays(1);

    // Held while engines are brought to rest for the first time. Stops are made inside of it.
    private readonly Lock _startGate = new();

    // Protects the state of the wait for interrupts.
    private readonly Lock _gate = new();
    private readonly Action _onInterrupt;
    private ConfiguredValueTaskAwaitable<InterruptCount>.ConfiguredValueTaskAwaiter _interrupt;
    private InterruptCount _count; // of the interrupt that is being handed out
    private int _waits; // transfers under way
    private bool _isListening; // for an interrupt, or handing one out

    private Engine[] _engines = []; // replaced under the lock, never changed
    private PollClock? _clock; // in place of the interrupt
    private TimeSpan? _pollInterval;
    private bool _hasStarted;
    private PciFunction? _pci; // if the device loses bus mastering when another file of it is closed

    /// <summary>Takes over an open device.</summary>
    /// <param name="device">The device. It is disposed with the session.</param>
    public DeviceSession(UioDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        Device = device;
        _onInterrupt = OnInterrupt;
        device.Quiesce = StopAll;
    }

    /// <summary>The device, to import buffers with.</summary>
    public UioDevice Device { get; }

    /// <summary>
    /// How often the engines are asked whether they are done, 1 ms or more, for a device whose interrupt is not connected. Null, the
    /// default, waits for the interrupt. Set it before the first transfer.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1 ms, or more than a day.</exception>
    /// <exception cref="InvalidOperationException">An engine has been started.</exception>
    public TimeSpan? PollInterval
    {
        get => _pollInterval;
        set
        {
            if (value is { } interval && (interval < s_shortestPoll || interval > s_longestPoll))
                throw new ArgumentOutOfRangeException(nameof(value), value, "A poll interval is 1 ms to 1 day.");

            lock (_startGate)
            {
                if (_hasStarted)
                    throw new InvalidOperationException($"{Device.Info} is in use: set PollInterval before its first transfer.");

                _pollInterval = value;
                _clock = value is null ? null : new PollClock(value.Value, OnTick);
            }
        }
    }

    /// <summary>Opens a device.</summary>
    /// <param name="id">Which one.</param>
    /// <param name="options">How; exclusively unless they say otherwise.</param>
    /// <inheritdoc cref="UioDevice.Open(UioDeviceId, UioOpenOptions?)"/>
    public static DeviceSession Open(UioDeviceId id, UioOpenOptions? options = null) => new(UioDevice.Open(id, options));

    /// <summary>Opens a device for a driver, and brings its engines to rest. Whatever fails, the device is closed again.</summary>
    /// <param name="id">Which one.</param>
    /// <param name="options">How; exclusively unless they say otherwise.</param>
    /// <param name="create">Makes the driver with its engines. Throws when the device is not one that the driver is for.</param>
    /// <returns>The driver that <paramref name="create"/> made. Its Dispose has to dispose the session.</returns>
    /// <exception cref="TimeoutException">An engine stays busy with a transfer that an earlier program began.</exception>
    /// <inheritdoc cref="UioDevice.Open(UioDeviceId, UioOpenOptions?)"/>
    public static T Open<T>(UioDeviceId id, UioOpenOptions? options, Func<DeviceSession, T> create)
    {
        ArgumentNullException.ThrowIfNull(create);
        DeviceSession session = Open(id, options);
        try
        {
            T driver = create(session);
            session.Start();
            return driver;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Brings engines that have not been used yet to rest, tells the kernel how to stop them, and enables the interrupt. Without it,
    /// their first transfer does so.
    /// </summary>
    /// <exception cref="TimeoutException">An engine stays busy.</exception>
    /// <exception cref="UioException">EIO: the device has no interrupt. Or the kernel refuses the quiesce program.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public void Start()
    {
        lock (_startGate)
        {
            Engine[] engines = Volatile.Read(ref _engines);
            if (engines.All(engine => engine.HasStarted))
                return;

            _hasStarted = true;
            foreach (Engine engine in engines)
            {
                if (!engine.HasStarted)
                    engine.StartUp();
            }

            if (Device.Features.RunsQuiescePrograms)
                Device.SetQuiesceProgram(Compose(engines));
            if (Device.IsPciGeneric)
                _pci = Device.Pci;
            EnableInterrupt(); // throws now, not in the first transfer, if there is none
        }
    }

    /// <summary>
    /// Disposes <see cref="Device"/>, which stops the engines first. Transfers that are under way or wait for their turn fail with
    /// <see cref="ObjectDisposedException"/>. Later calls do nothing.
    /// </summary>
    public void Dispose()
    {
        Device.Dispose();
        foreach (Engine engine in Volatile.Read(ref _engines))
        {
            engine.Fail(Device.Info.Disposed());
            engine.CompleteWaits(inline: false);
            engine.OnClosed();
            engine.Domain.Remove(engine);
        }
    }

    /// <summary>The session in words: its device.</summary>
    public override string ToString() => Device.Info.ToString();

    void IThreadPoolWorkItem.Execute()
    {
        HandOut(mayWait: true);
        Listen();
    }

    internal void Add(Engine engine)
    {
        lock (_gate)
            _engines = [.. _engines, engine];
    }

    /// <summary>Throws when bus mastering is off: the device reached no memory, even if it says that the transfer is done.</summary>
    /// <exception cref="IOException">Bus mastering is off.</exception>
    internal void ThrowIfCutOff()
    {
        if (_pci is { BusMaster: false })
        {
            throw new IOException(
                $"{Device.Info} could not reach memory during a transfer: somebody closed another file of it, or switched bus mastering "
                + "off. The data is lost.");
        }
    }

    /// <summary>Enables the interrupt. Throws when the device has been unbound, and so has no mappings, even if it is polled.</summary>
    internal void EnableInterrupt()
    {
        if (_clock is null)
            Device.EnableInterrupt();
        else
            Device.ThrowIfUnbound();
    }

    /// <summary>A transfer has been started, and waits for an interrupt.</summary>
    internal void BeginWait()
    {
        lock (_gate)
        {
            _waits++;
            if (_isListening)
                return;

            _isListening = true;
        }

        Listen();
    }

    /// <summary>The transfer waits no longer.</summary>
    internal void EndWait()
    {
        lock (_gate)
        {
            if (--_waits > 0 || !_isListening)
                return;

            _clock?.Stop();
            if (_clock is not null || Device.Interrupt.TryForget(this))
                _isListening = false;
        }
    }

    /// <summary>Drops interrupts of earlier transfers, so that none counts for the next.</summary>
    internal void DropInterrupts()
    {
        lock (_gate)
        {
            if (!_isListening && _clock is null)
                Device.Interrupt.TryTake(out _);
        }
    }

    private static QuiesceProgram? Compose(Engine[] engines)
    {
        var all = new QuiesceProgram();
        foreach (Engine engine in engines)
        {
            if (engine.TakeStopProgram() is not { } program)
                return null; // the kernel would consider the others quiet
            all.Append(program);
        }

        return all.Device is null ? null : all;
    }

    /// <summary>The device's Quiesce action: stops all engines.</summary>
    private void StopAll()
    {
        ExceptionDispatchInfo? failure = null;
        foreach (Engine engine in Volatile.Read(ref _engines))
        {
            if (!engine.HasStarted)
                continue;

            try
            {
                engine.Domain.Stop(engine, Device.IsDisposed ? "the device was disposed" : "the device was brought to rest");
            }
#pragma warning disable CA1031 // The others are stopped all the same.
            catch (Exception error)
#pragma warning restore CA1031
            {
                failure ??= ExceptionDispatchInfo.Capture(error);
            }
        }

        failure?.Throw();
    }

    /// <summary>Waits for interrupts and offers them to the engines, as long as a transfer waits.</summary>
    private void Listen()
    {
        while (true)
        {
            lock (_gate)
            {
                if (_waits == 0)
                {
                    _isListening = false;
                    return;
                }

                if (_clock is { } clock)
                {
                    clock.Start();
                    return;
                }

                try
                {
#pragma warning disable CA2012 // OnInterrupt takes its result once.
                    _interrupt = Device.Interrupt.WaitForAsync(this).ConfigureAwait(false).GetAwaiter();
#pragma warning restore CA2012
                    if (!_interrupt.IsCompleted)
                    {
                        _interrupt.UnsafeOnCompleted(_onInterrupt);
                        return;
                    }
                }
#pragma warning disable CA1031 // The waiting transfers fail with it.
                catch (Exception error)
#pragma warning restore CA1031
                {
                    _isListening = false;
                    FailAll(error);
                    return;
                }
            }

            if (!TryGetInterrupt() || !HandOut(mayWait: false))
                return;
        }
    }

    // Runs on the interrupt thread, which serves all devices, so nothing here may wait. On another thread only when the device is closed.
    private void OnInterrupt()
    {
        if (TryGetInterrupt() && HandOut(mayWait: false))
            Listen();
    }

    // In the thread pool: it may wait for a reset.
    private void OnTick()
    {
        try
        {
            Device.ThrowIfUnbound();
        }
#pragma warning disable CA1031 // The waiting transfers fail with it.
        catch (Exception error)
#pragma warning restore CA1031
        {
            lock (_gate)
                _isListening = false;
            FailAll(error);
            return;
        }

        HandOut(mayWait: true);
        Listen();
    }

    private bool TryGetInterrupt()
    {
        try
        {
            _count = _interrupt.GetResult();
            return true;
        }
#pragma warning disable CA1031 // The waiting transfers fail with it.
        catch (Exception error)
#pragma warning restore CA1031
        {
            lock (_gate)
                _isListening = false;
            FailAll(error);
            return false;
        }
    }

    /// <summary>Offers the interrupt to each engine. False when that was left to the thread pool.</summary>
    private bool HandOut(bool mayWait)
    {
        Engine[] engines = Volatile.Read(ref _engines);
        foreach (Engine engine in engines)
        {
            if (!engine.HasStarted)
                continue;

            // The engine may be in a reset, which may take long. The thread pool then asks all of them again.
            if (!Enter(engine.Domain.Gate, mayWait))
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                return false;
            }

            try
            {
                engine.Offer(_count);
            }
            finally
            {
                engine.Domain.Gate.Exit();
            }
        }

        // After the acknowledgements: enabled earlier, a level-triggered line would interrupt again at once.
        EnableForOthers(engines);
        foreach (Engine engine in engines)
            engine.CompleteWaits(Device.ContinuesInline);
        return true;
    }

    private static bool Enter(Lock gate, bool mayWait)
    {
        if (!mayWait)
            return gate.TryEnter();

        gate.Enter();
        return true;
    }

    private void EnableForOthers(Engine[] engines)
    {
        foreach (Engine engine in engines)
        {
            if (!engine.IsWaiting)
                continue;

            try
            {
                EnableInterrupt();
            }
#pragma warning disable CA1031 // The waiting transfers fail with it.
            catch (Exception error)
#pragma warning restore CA1031
            {
                FailAll(error);
            }

            return;
        }
    }

    private void FailAll(Exception error)
    {
        foreach (Engine engine in Volatile.Read(ref _engines))
        {
            engine.Fail(error);
            engine.CompleteWaits(inline: false);
        }
    }
}
