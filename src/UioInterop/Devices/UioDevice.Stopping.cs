using UioInterop.Interop;

namespace UioInterop;

// Bringing the device to rest.
public sealed partial class UioDevice
{
    private const string NoWayToStop = "the device has no Quiesce action to stop it with";

    // No thread waits longer for another thread's stop, which may need a lock of the caller's.
    private static readonly TimeSpan s_leastPatience = TimeSpan.FromSeconds(1);

    // Held while the device is brought to rest, by the thread that _quiescer names. Taken before _gate, never inside of it. A
    // thread that gives up a transfer only tries to take it.
    private readonly object _quiesceGate = new();
    private int _quiescer; // the managed thread id; 0 is none
    private long _triedUpTo; // the last ticket that the last attempt covered, successful or not
    private long _abandonedUpTo; // the last ticket that was given up; without the lock
    private volatile bool _closesLater; // Dispose has left the close to the thread that holds the lock

    /// <summary>
    /// Brings the device to rest: stops its transfers, and returns once it no longer touches memory. It runs when a transfer is
    /// given up, when a mapping ends under a transfer, and always before the device is closed.
    /// </summary>
    /// <remarks>
    /// A driver sets it when it opens its device; <see cref="DeviceSession"/> does for its engines. It runs on the thread that asked
    /// for it, one at a time, and may use this device even while that is being disposed, on that thread. When it returns all
    /// transfers that had begun before are over, whichever thread had begun them. When it cannot stop the device it throws: the
    /// buffers then stay mapped, and <see cref="Failed"/> is raised. It does not run once the kernel reports the device as
    /// unbound: the kernel has ended the mappings then.
    /// </remarks>
    public Action? Quiesce { get; set; }

    /// <summary>
    /// Gives the kernel a program that stops the device when this process has died, or the driver was unbound, while buffers
    /// were imported. Replaces an earlier program. <see cref="Quiesce"/> is what the library itself runs: a driver sets both, see
    /// <see cref="QuiesceProgram"/>.
    /// </summary>
    /// <param name="program">The program, with registers of this very object; null takes it away.</param>
    /// <exception cref="ArgumentException">The program is for another device, or empty.</exception>
    /// <exception cref="UioException">
    /// ENOTTY: the kernel runs none (<see cref="UioFeatures.RunsQuiescePrograms"/>). E2BIG: too many operations, or too long
    /// polls. EINVAL: an operation does not fit its register. EOPNOTSUPP: a map is not one of registers. ENODEV: the
    /// device is gone.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public unsafe void SetQuiesceProgram(QuiesceProgram? program)
    {
        if (program is not null && program.Device != this)
        {
            throw new ArgumentException(program.Device is null
                ? "The program has no operations, and would declare a running device quiet: null takes an earlier one away."
                : $"The program is for {program.Device.Info}, not for {Info}.", nameof(program));
        }

        lock (_gate)
        {
            ThrowIfDisposed();
            if (!Features.RunsQuiescePrograms) // Xilinx's kernel would say EINVAL, as to a program with a mistake
                throw UioException.From(Calls.SetQuiesce, Info.DevicePath, -Errno.ENOTTY);

            ReadOnlySpan<QuiesceArguments> operations = program is null ? default : program.Operations;
            fixed (QuiesceArguments* first = operations)
            {
                int result = Shim.SetQuiesce(FileNumber, first, (uint)operations.Length);
                if (result < 0)
                    throw UioException.From(Calls.SetQuiesce, Info.DevicePath, result);
            }
        }
    }

    /// <summary>
    /// Whether the kernel reports the device as gone. The kernel has ended the mappings then, and the hardware may belong to
    /// another driver: this program has nothing left to stop.
    /// </summary>
    internal bool IsUnbound => Features.AttachesByHandle && Shim.Query(_file, out _) == -Errno.ENODEV;

    /// <summary>Throws when the kernel says that the device is gone.</summary>
    /// <exception cref="UioException">ENODEV: it was unbound.</exception>
    internal void ThrowIfUnbound()
    {
        ThrowIfDisposed();
        if (IsUnbound)
            throw UioException.From(Calls.Query, Info.DevicePath, -Errno.ENODEV);
    }

    /// <summary>
    /// A transfer was given up: nobody knows what the device does. Never waits for another thread's stop: that may need a lock
    /// that the caller holds, and the other thread makes one more stop if this transfer began after its own.
    /// </summary>
    void IMappingOwner.OnAbandonedTransfer(long ticket)
    {
        if (IsQuiescer) // by the action itself
            return;

        long before;
        while ((before = Volatile.Read(ref _abandonedUpTo)) < ticket
            && Interlocked.CompareExchange(ref _abandonedUpTo, ticket, before) != before)
        {
        }

        FinishStops();
    }

    private TimeSpan StopPatience =>
        _options.TransferTimeout > s_leastPatience ? Deadline.AtMostADay(_options.TransferTimeout) : s_leastPatience;

    private bool IsQuiescer => Volatile.Read(ref _quiescer) is not 0 and int thread && thread == Environment.CurrentManagedThreadId;

    private bool IsStopDue => _state != State.Closed && (_closesLater || Volatile.Read(ref _abandonedUpTo) > Volatile.Read(ref _triedUpTo));

    /// <summary>Makes the stops that other threads have asked for, unless another thread is stopping the device.</summary>
    private void FinishStops()
    {
        while (IsStopDue && !Monitor.IsEntered(_quiesceGate) && Monitor.TryEnter(_quiesceGate))
        {
            try
            {
                if (_closesLater)
                    CloseAtRest();
                else if (IsStopDue)
                    TryQuiesce(out _);
            }
            finally
            {
                Monitor.Exit(_quiesceGate);
            }
        }

        RaiseFailures();
    }

    /// <summary>
    /// Stops the device, unless the attachment turns out to be idle. False when that failed, or another thread takes too long to stop it.
    /// </summary>
    private bool TryStopFor(Attachment attachment, out Exception? failure)
    {
        failure = null;
        if (!Monitor.TryEnter(_quiesceGate, StopPatience))
        {
            failure = new TimeoutException($"another thread has been stopping the device for {StopPatience.TotalSeconds:0.#} s");
            return false;
        }

        try
        {
            return attachment.IsIdle || TryQuiesce(out failure);
        }
        finally
        {
            Monitor.Exit(_quiesceGate);
            FinishStops();
        }
    }

    private string WhyNotAtRest(Exception? failure) => failure is not null ? $"the device could not be brought to rest ({failure.Message})"
        : Quiesce is null ? NoWayToStop
        : "its Quiesce action runs already, or has failed";

    /// <summary>Waits until no transfer of these is under way, unless it takes too long.</summary>
    private bool WaitForTransfers(ReadOnlySpan<Attachment> attachments)
    {
        var deadline = new Deadline(_options.TransferTimeout);
        foreach (Attachment attachment in attachments)
        {
            if (!attachment.Buffer.Ledger.WaitUntilIdle(attachment, deadline))
                return false;
        }

        return true;
    }

    /// <summary>
    /// Brings the device to rest, after which the transfers that had begun are over. False when it has no way to do that,
    /// or the way failed. Under the lock.
    /// </summary>
    private bool TryQuiesce(out Exception? failure)
    {
        failure = null;

        // The action itself asked for it, or the device is closed.
        if (_quiescer != 0 || _state == State.Closed)
            return false;

        long lastTicket = AccessLedger.LastTicket;
        Volatile.Write(ref _triedUpTo, lastTicket);
        if (!IsUnbound && !TryRunQuiesce(out failure))
            return false;

        lock (_gate)
        {
            foreach (Attachment attachment in _attachments)
                attachment.Buffer.Ledger.EndTransfersOf(attachment, lastTicket);
        }

        return true;
    }

    private bool TryRunQuiesce(out Exception? failure)
    {
        failure = null;
        if (Quiesce is not { } quiesce)
            return false;

        _quiescer = Environment.CurrentManagedThreadId;
        try
        {
            quiesce();
            return true;
        }
#pragma warning disable CA1031 // Whatever it is, it means that the device may be running.
        catch (Exception error)
#pragma warning restore CA1031
        {
            failure = error;
            ReportQuiesceFailed(error);
            return false;
        }
        finally
        {
            _quiescer = 0;
        }
    }
}
