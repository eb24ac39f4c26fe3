using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// The interrupt of one open device: its count, the threads that wait for it, and the one asynchronous wait.
/// </summary>
/// <remarks>
/// A wait that blocks polls on its own thread. The asynchronous one is armed for one event in <see cref="InterruptThread"/>;
/// whoever decides it first, event, time, token or the device's end, completes it, and only the event's completion reads the
/// count. So nothing is consumed for a wait that has ended otherwise.
/// </remarks>
internal sealed class InterruptSource : IDisposable
{
    private const int NoWake = -1;

    private static readonly TimeSpan s_interruptPatience = TimeSpan.FromSeconds(1);

    // Protects what is below, but for what says otherwise. InterruptThread's own lock is taken inside of it.
    private readonly object _gate = new();
    private readonly UioDeviceInfo _device;
    private readonly SafeFileHandle _file;
    private readonly SafeFileHandle _wake;
    private readonly bool _continueInline;
    private uint _total; // without the lock
    private volatile bool _stopped;
    private volatile bool _interrupted;
    private AsyncInterruptWait? _wait; // the one that is pending
    private AsyncInterruptWait? _spare; // for the next

    // How many threads block. Counted without the lock: whoever comes counts itself and then looks whether it is too late,
    // Stop says that it is and then looks at the count.
    private int _threads;

    /// <param name="device">For messages.</param>
    /// <param name="file">
    /// The device's file, not blocking: of two that wait, one may find that the other has read the count already.
    /// </param>
    /// <param name="wake">An event descriptor of its own.</param>
    /// <param name="total">The count at the moment of opening.</param>
    /// <param name="continueInline">Whether the awaiter resumes in the thread that noticed the interrupt.</param>
    public InterruptSource(UioDeviceInfo device, SafeFileHandle file, SafeFileHandle wake, uint total, bool continueInline)
    {
        _device = device;
        _file = file;
        _wake = wake;
        _total = total;
        _continueInline = continueInline;
    }

    /// <summary>What <see cref="InterruptThread"/> knows the device by; 0 until it does.</summary>
    public ulong Key { get; set; }

    /// <summary>When the asynchronous wait is over, as a time stamp.</summary>
    public long Deadline { get; private set; }

    public SafeFileHandle File => _file;

    /// <param name="timeout">How long to wait.</param>
    /// <param name="count">How many interrupts there were.</param>
    /// <param name="evenWhenStopped">For the thread that brings the device to rest while it is closed.</param>
    public bool TryWait(TimeSpan timeout, out InterruptCount count, bool evenWhenStopped)
    {
        long nanoseconds = ToNanoseconds(timeout);
        if (evenWhenStopped)
            return Wait(nanoseconds, NoWake, out count);

        Interlocked.Increment(ref _threads);
        try
        {
            ThrowIfStopped();
            return Wait(nanoseconds, (int)_wake.DangerousGetHandle(), out count);
        }
        finally
        {
            if (Interlocked.Decrement(ref _threads) == 0 && (_stopped || _interrupted))
                TellWhoEndsWaits();
        }
    }

    // Its own try block would make the frame of each wait larger.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void TellWhoEndsWaits()
    {
        lock (_gate)
            Monitor.PulseAll(_gate);
    }

    /// <inheritdoc cref="UioDevice.WaitForInterruptAsync"/>
    public ValueTask<InterruptCount> WaitAsync(TimeSpan timeout, CancellationToken token) =>
        WaitAsync(timeout, _continueInline, owner: null, token);

    /// <summary>Waits without a limit, and resumes in the thread that noticed the interrupt.</summary>
    /// <param name="owner">The owner, who may withdraw the wait: <see cref="TryForget"/>.</param>
    public ValueTask<InterruptCount> WaitForAsync(object owner) =>
        WaitAsync(Timeout.InfiniteTimeSpan, continueInline: true, owner, CancellationToken.None);

    /// <inheritdoc cref="UioDevice.WaitForInterruptAsync"/>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="continueInline">Whether the awaiter resumes in the thread that noticed the interrupt.</param>
    /// <param name="owner">The owner, who may withdraw it.</param>
    /// <param name="token">Ends the wait.</param>
    private ValueTask<InterruptCount> WaitAsync(TimeSpan timeout, bool continueInline, object? owner, CancellationToken token)
    {
        long nanoseconds = ToNanoseconds(timeout);
        if (token.IsCancellationRequested)
            return ValueTask.FromCanceled<InterruptCount>(token);

        AsyncInterruptWait wait;
        lock (_gate)
        {
            ThrowIfStopped();
            if (_wait is { IsAwaited: true })
                throw new InvalidOperationException($"An asynchronous wait for an interrupt of {_device.DevicePath} "
                    + "is under way: one at a time.");

            // Nobody awaits it: somebody failed between arming and await, perhaps.
            if (_wait is { } forgotten)
                Displace(forgotten);

            if (TryRead(out InterruptCount count))
                return new ValueTask<InterruptCount>(count);
            if (nanoseconds == 0)
                throw TimedOut();

            Deadline = nanoseconds < 0 ? long.MaxValue : Stopwatch.GetTimestamp() + ToTimestamps(nanoseconds);
            int result = InterruptThread.Instance.Arm(this);
            if (result < 0)
                throw UioException.From(Calls.Wait, _device.DevicePath, result);

            wait = _wait = _spare ?? new AsyncInterruptWait(this);
            _spare = null;
            wait.Begin(continueInline, owner);
        }

        // Outside of the lock, because a token that is cancelled by now calls back here and at once. The wait's result
        // cannot have been taken before this returns, so what is set here belongs to this wait.
        short version = wait.Version;
        if (token.CanBeCanceled)
            wait.Cancellation = token.UnsafeRegister(static (wait, token) =>
                ((AsyncInterruptWait)wait!).Source.OnCancelled((AsyncInterruptWait)wait, token), wait);
        return new ValueTask<InterruptCount>(wait, version);
    }

    /// <summary>Reads what there is without waiting.</summary>
    public bool TryTake(out InterruptCount count)
    {
        count = default;
        return !_stopped && TryRead(out count);
    }

    /// <summary>Withdraws the pending wait of an owner, which never completes then. False when it has been decided.</summary>
    public bool TryForget(object owner)
    {
        lock (_gate)
        {
            if (_wait is not { } wait || wait.Owner != owner)
                return false;

            Unarm();
            wait.Reset();
            _spare = wait;
            return true;
        }
    }

    /// <summary>The result of a pending wait was asked for. The wait is not reused.</summary>
    public void GiveUp(AsyncInterruptWait wait)
    {
        lock (_gate)
            Displace(wait);
    }

    /// <summary>The result of a wait has been taken.</summary>
    public void TakeBack(AsyncInterruptWait wait)
    {
        lock (_gate)
        {
            wait.Reset();
            _spare = wait;
        }
    }

    /// <summary>Reads the count for a wait that somebody asks about. True when it has been decided thereby.</summary>
    public bool TryReadFor(AsyncInterruptWait wait, bool isAwaited)
    {
        lock (_gate)
        {
            if (isAwaited)
                wait.MarkAwaited();
            if (!wait.IsPending || !wait.IsReady)
                return false;

            wait.IsReady = false;
            return ReadOrArm(wait);
        }
    }

    /// <summary>Ends every wait, and lets no other begin. On return no thread waits any more.</summary>
    public void Stop()
    {
        AsyncInterruptWait? pending;
        lock (_gate)
        {
            _stopped = true;
            pending = EndWaits(_device.Disposed(), Timeout.InfiniteTimeSpan);
        }

        GoOn(pending);
        InterruptThread.Forget(this);
    }

    /// <summary>Ends every wait that is under way, as a token would. Others may begin.</summary>
    public void Interrupt()
    {
        AsyncInterruptWait? pending;
        lock (_gate)
        {
            if (_stopped)
                return;

            _interrupted = true;

            // Not for ever: a thread that waits again whatever it is told would be counted all the time.
            pending = EndWaits(Interrupted(), s_interruptPatience);
            _interrupted = false;
            Span<byte> signals = stackalloc byte[sizeof(ulong)];
            if (!_stopped)
                _ = Syscalls.Read(_wake, signals);
        }

        GoOn(pending);
    }

    /// <summary>
    /// Ends the asynchronous wait, and wakes the threads that wait. With the lock, and after the flag that tells them why. Returns when
    /// none is left, or patience is.
    /// </summary>
    private AsyncInterruptWait? EndWaits(Exception why, TimeSpan patience)
    {
        AsyncInterruptWait? pending = _wait is { } wait && Decide(wait, default, why) ? wait : null;
        Syscalls.Signal(_wake);
        Interlocked.MemoryBarrier();
        var deadline = new Deadline(patience);
        while (Volatile.Read(ref _threads) > 0 && !deadline.IsOver)
            Monitor.Wait(_gate, deadline.Remaining);
        return pending;
    }

    // Never inline: what awaits would run inside of somebody's Dispose.
    private static void GoOn(AsyncInterruptWait? pending)
    {
        if (pending is not null)
            ThreadPool.UnsafeQueueUserWorkItem(pending, preferLocal: false);
    }

    /// <summary>Closes the event descriptor. After <see cref="Stop"/>.</summary>
    public void Dispose() => _wake.Dispose();

    /// <summary>The device has an interrupt, or an error. Called by <see cref="InterruptThread"/>.</summary>
    public void OnReady()
    {
        AsyncInterruptWait wait;
        lock (_gate)
        {
            // Decided meanwhile: what there is to read is for the next wait.
            if (_wait is null)
                return;

            wait = _wait;
            wait.IsReady = !wait.IsAwaited;
            if (wait.IsReady || !ReadOrArm(wait))
                return;
        }

        Complete(wait);
    }

    /// <summary>The deadline has passed. Called by <see cref="InterruptThread"/>.</summary>
    public void OnDeadline(long now)
    {
        AsyncInterruptWait wait;
        lock (_gate)
        {
            if (_wait is null || now < Deadline)
                return;

            wait = _wait;
            Decide(wait, default, TimedOut());
        }

        Complete(wait);
    }

    public void OnCancelled(AsyncInterruptWait wait, CancellationToken token)
    {
        lock (_gate)
        {
            if (!Decide(wait, default, new OperationCanceledException(token)))
                return;
        }

        Complete(wait);
    }

    /// <summary>Reads the count, or arms again. True when that has decided the wait. Under the lock.</summary>
    private bool ReadOrArm(AsyncInterruptWait wait)
    {
        try
        {
            if (TryRead(out InterruptCount count))
                return Decide(wait, count, null);
        }
        catch (UioException error)
        {
            return Decide(wait, default, error);
        }

        // A thread was faster.
        int result = InterruptThread.Instance.Arm(this);
        return result < 0 && Decide(wait, default, UioException.From(Calls.Wait, _device.DevicePath, result));
    }

    /// <summary>Settles what comes of a wait, unless that is settled. Under the lock.</summary>
    private bool Decide(AsyncInterruptWait wait, InterruptCount count, Exception? error)
    {
        if (!wait.IsPending)
            return false;

        wait.Decide(count, error);
        Unarm();
        return true;
    }

    private void Displace(AsyncInterruptWait wait)
    {
        if (Decide(wait, default, Displaced()))
            ThreadPool.UnsafeQueueUserWorkItem(wait, preferLocal: false);
    }

    private void Unarm()
    {
        _wait = null;
        InterruptThread.Instance.Disarm(this);
    }

    private static void Complete(AsyncInterruptWait wait)
    {
        if (wait.ContinuesInline)
            wait.Complete();
        else
            ThreadPool.UnsafeQueueUserWorkItem(wait, preferLocal: false);
    }

    // The descriptors stay open meanwhile: Stop waits for those who count as waiting, and who comes later is the one that
    // closes them.
    private bool Wait(long nanoseconds, int wake, out InterruptCount count)
    {
        while (true)
        {
            uint start = Volatile.Read(ref _total);
            int result = Shim.Wait((int)_file.DangerousGetHandle(), wake, ref nanoseconds, out uint total);
            switch (result)
            {
                case 1 when TryCount(start, total, out count):
                    return true;
                case 0:
                    count = default;
                    return false;
                case < 0 when result != -Errno.EAGAIN && result != -Errno.ECANCELED:
                    throw Failure(result);
            }

            // Another thread was faster, or Stop woke all.
            if (wake >= 0)
                ThrowIfStopped();
        }
    }

    private bool TryRead(out InterruptCount count)
    {
        uint start = Volatile.Read(ref _total);
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        int result = Syscalls.Read(_file, bytes);
        if (result == bytes.Length)
            return TryCount(start, BinaryPrimitives.ReadUInt32LittleEndian(bytes), out count);

        count = default;
        return result == -Errno.EAGAIN ? false : throw Failure(result < 0 ? result : -Errno.EIO);
    }

    /// <summary>
    /// Counts on to a total that has been read. False when another thread, which read a later one, has counted these
    /// interrupts already.
    /// </summary>
    /// <param name="start">What had been counted before the read. The kernel tells each total once, so what is read is later.</param>
    /// <param name="total">What was read.</param>
    /// <param name="count">How many interrupts there were.</param>
    private bool TryCount(uint start, uint total, out InterruptCount count)
    {
        while (true)
        {
            uint before = Volatile.Read(ref _total);
            if (!IsLater(total, before, start))
            {
                count = default;
                return false;
            }

            if (Interlocked.CompareExchange(ref _total, total, before) == before)
            {
                count = new InterruptCount(total, unchecked(total - before));
                break;
            }
        }

        if (count.Missed > 0)
            UioEventSource.Log.InterruptsMissed(_device.DevicePath, count.Missed, count.Total);
        return true;
    }

    /// <summary>
    /// Whether a total is later than another. The kernel's count wraps, so both are measured from one before them. That is right
    /// as long as fewer than 2^32 interrupts come while a thread waits.
    /// </summary>
    internal static bool IsLater(uint total, uint other, uint start) => unchecked(total - start) > unchecked(other - start);

    private UioException Failure(int result) =>
        // EIO has two causes, and only one of them is for ever.
        result == -Errno.EIO && SysFs.ReadInterruptCount(_device.Number) is null
            ? new UioException(Calls.ReadInterrupt, _device.DevicePath, Errno.EIO, Remedies.DeviceGone)
            : UioException.From(Calls.ReadInterrupt, _device.DevicePath, result);

    /// <summary>The timeout in nanoseconds; -1 for ever. One of centuries is cut short, so that it can be added to.</summary>
    private static long ToNanoseconds(TimeSpan timeout)
    {
        const long Limit = long.MaxValue / 4;
        if (timeout.Ticks is >= 0 and <= Limit / TimeSpan.NanosecondsPerTick)
            return timeout.Ticks * TimeSpan.NanosecondsPerTick;

        UioInterop.Deadline.ThrowIfNoTimeout(timeout);
        return timeout == Timeout.InfiniteTimeSpan ? -1 : Limit;
    }

    private static long ToTimestamps(long nanoseconds) => (long)(nanoseconds * (Stopwatch.Frequency / 1e9));

    private void ThrowIfStopped()
    {
        if (_stopped)
            throw _device.Disposed();
        if (_interrupted)
            throw Interrupted();
    }

    private OperationCanceledException Interrupted() => new($"The wait for an interrupt of {_device.DevicePath} was interrupted.");

    private InvalidOperationException Displaced() =>
        new($"Nobody awaited this wait for an interrupt of {_device.DevicePath}, and it has been given up for a later one: "
            + "await it once, and at once.");

    private TimeoutException TimedOut() =>
        new($"{_device.DevicePath} raised no interrupt in time. It is armed as before.");
}
