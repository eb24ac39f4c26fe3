using System.Buffers.Binary;
using System.Diagnostics;
using System.Threading.Tasks.Sources;
using Microsoft.Win32.SafeHandles;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// The interrupt of one open device: its count, the threads that wait for it, and the one asynchronous wait.
/// </summary>
/// <remarks>
/// A wait that blocks polls on its own thread. The asynchronous one is this object itself, armed for one event in
/// <see cref="InterruptThread"/>; whoever decides it first, event, time, token or the device's end, completes it, and only
/// the event's completion reads the count. So nothing is consumed for a wait that has ended otherwise.
/// </remarks>
internal sealed class InterruptSource : IValueTaskSource<InterruptCount>, IThreadPoolWorkItem, IDisposable
{
    private enum AsyncWait
    {
        /// <summary>There is none.</summary>
        None,

        /// <summary>It waits.</summary>
        Pending,

        /// <summary>It is decided, and its result has not been taken yet.</summary>
        Decided,
    }

    private const int NoWake = -1;

    // A thread that read the count before another and counts after it is behind by what came meanwhile, which is not so much.
    // Whatever else differs is new, however long nobody has waited.
    private const uint MostBehind = 1 << 24;

    // Protects what is below, but for what says otherwise. InterruptThread's own lock is taken inside of it.
    private readonly object _gate = new();
    private readonly UioDeviceInfo _device;
    private readonly SafeFileHandle _file;
    private readonly SafeFileHandle _wake;
    private readonly bool _continueInline;
    private uint _total; // without the lock
    private volatile bool _stopped;
    private AsyncWait _async;
    private InterruptCount _count;
    private Exception? _error;
    private CancellationTokenRegistration _cancellation;
    private ManualResetValueTaskSourceCore<InterruptCount> _core;

    // How many threads block. Counted without the lock: whoever comes counts itself and then looks whether it is too late,
    // Stop says that it is and then looks at the count.
    private int _threads;

    /// <param name="device">For messages.</param>
    /// <param name="file">The device's file, not blocking: of two that wait, one may find that the other has read the count already.</param>
    /// <param name="wake">An event descriptor of its own.</param>
    /// <param name="total">The count at the moment of opening.</param>
    /// <param name="continueInline">Whether what awaits goes on in the thread that noticed the interrupt.</param>
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
            if (Interlocked.Decrement(ref _threads) == 0 && _stopped)
            {
                lock (_gate)
                    Monitor.PulseAll(_gate);
            }
        }
    }

    public ValueTask<InterruptCount> WaitAsync(TimeSpan timeout, CancellationToken token)
    {
        long nanoseconds = ToNanoseconds(timeout);
        if (token.IsCancellationRequested)
            return ValueTask.FromCanceled<InterruptCount>(token);

        short version;
        lock (_gate)
        {
            ThrowIfStopped();
            if (_async != AsyncWait.None)
                throw new InvalidOperationException(
                    $"An asynchronous wait for an interrupt of {_device.DevicePath} is under way, or its result has not been taken: one at a time.");

            if (TryRead(out InterruptCount count))
                return new ValueTask<InterruptCount>(count);
            if (nanoseconds == 0)
                throw TimedOut();

            Deadline = nanoseconds < 0 ? long.MaxValue : Stopwatch.GetTimestamp() + ToTimestamps(nanoseconds);
            int result = InterruptThread.Instance.Arm(this);
            if (result < 0)
                throw UioException.From(Calls.Wait, _device.DevicePath, result);

            version = _core.Version;
            _async = AsyncWait.Pending;
        }

        // Outside of the lock, because a token that is cancelled by now calls back here and at once. The wait's result
        // cannot have been taken before this returns, so what is set here belongs to this wait.
        if (token.CanBeCanceled)
            _cancellation = token.UnsafeRegister(static (source, token) => ((InterruptSource)source!).OnCancelled(token), this);
        return new ValueTask<InterruptCount>(this, version);
    }

    /// <summary>Ends every wait, and lets no other begin. On return no thread waits any more.</summary>
    public void Stop()
    {
        bool completes;
        lock (_gate)
        {
            _stopped = true;
            completes = Decide(Disposed());
            Syscalls.Signal(_wake);
            Interlocked.MemoryBarrier();
            while (Volatile.Read(ref _threads) > 0)
                Monitor.Wait(_gate);
        }

        // Never inline: what awaits would run inside of somebody's Dispose.
        if (completes)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        InterruptThread.Forget(this);
    }

    /// <summary>Closes the event descriptor. After <see cref="Stop"/>.</summary>
    public void Dispose() => _wake.Dispose();

    /// <summary>The device has an interrupt, or an error. Called by <see cref="InterruptThread"/>.</summary>
    public void OnReady()
    {
        lock (_gate)
        {
            // Decided meanwhile: what there is to read is for the next wait.
            if (_async != AsyncWait.Pending)
                return;

            Exception? failure = null;
            try
            {
                if (!TryRead(out _count))
                {
                    // A thread was faster.
                    int result = InterruptThread.Instance.Arm(this);
                    if (result >= 0)
                        return;

                    failure = UioException.From(Calls.Wait, _device.DevicePath, result);
                }
            }
            catch (UioException error)
            {
                failure = error;
            }

            Decide(failure);
        }

        Complete();
    }

    /// <summary>The deadline has passed. Called by <see cref="InterruptThread"/>.</summary>
    public void OnDeadline(long now)
    {
        lock (_gate)
        {
            if (_async != AsyncWait.Pending || now < Deadline || !Decide(TimedOut()))
                return;
        }

        Complete();
    }

    void IThreadPoolWorkItem.Execute() => SetResult();

    InterruptCount IValueTaskSource<InterruptCount>.GetResult(short token)
    {
        // Throws for a wait whose result was taken before, and leaves the one after it alone.
        if (_core.GetStatus(token) == ValueTaskSourceStatus.Pending)
            throw new InvalidOperationException("The wait is not over: await it.");

        // Waits for a callback that runs just now, which needs the lock.
        _cancellation.Dispose();
        _cancellation = default;
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            lock (_gate)
            {
                _error = null;
                _async = AsyncWait.None;
                _core.Reset();
            }
        }
    }

    ValueTaskSourceStatus IValueTaskSource<InterruptCount>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<InterruptCount>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void OnCancelled(CancellationToken token)
    {
        lock (_gate)
        {
            if (!Decide(new OperationCanceledException(token)))
                return;
        }

        Complete();
    }

    /// <summary>Settles what comes of the asynchronous wait, unless that is settled. Under the lock.</summary>
    private bool Decide(Exception? error)
    {
        if (_async != AsyncWait.Pending)
            return false;

        _async = AsyncWait.Decided;
        _error = error;
        InterruptThread.Instance.Disarm(this);
        return true;
    }

    private void Complete()
    {
        if (_continueInline)
            SetResult();
        else
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    private void SetResult()
    {
        if (_error is { } error)
            _core.SetException(error);
        else
            _core.SetResult(_count);
    }

    // The descriptors stay open meanwhile: Stop waits for those who count as waiting, and who comes later is the one that
    // closes them.
    private bool Wait(long nanoseconds, int wake, out InterruptCount count)
    {
        while (true)
        {
            int result = Shim.Wait((int)_file.DangerousGetHandle(), wake, ref nanoseconds, out uint total);
            switch (result)
            {
                case 1 when TryCount(total, out count):
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
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        int result = Syscalls.Read(_file, bytes);
        if (result == bytes.Length)
            return TryCount(BinaryPrimitives.ReadUInt32LittleEndian(bytes), out count);

        count = default;
        return result == -Errno.EAGAIN ? false : throw Failure(result < 0 ? result : -Errno.EIO);
    }

    /// <summary>
    /// Counts on to a total that has been read. False when another thread, which read a later one, has counted these
    /// interrupts already.
    /// </summary>
    private bool TryCount(uint total, out InterruptCount count)
    {
        while (true)
        {
            uint before = Volatile.Read(ref _total);
            count = new InterruptCount(total, unchecked(total - before));
            if (unchecked(before - total) <= MostBehind)
                return false;
            if (Interlocked.CompareExchange(ref _total, total, before) == before)
                break;
        }

        if (count.Missed > 0)
            UioEventSource.Log.InterruptsMissed(_device, count);
        return true;
    }

    private UioException Failure(int result) =>
        // EIO has two causes, and only one of them is for ever.
        result == -Errno.EIO && SysFs.ReadInterruptCount(_device.Number) is null
            ? new UioException(Calls.ReadInterrupt, _device.DevicePath, Errno.EIO, Remedies.DeviceGone)
            : UioException.From(Calls.ReadInterrupt, _device.DevicePath, result);

    /// <summary>The timeout in nanoseconds; -1 for ever. One of centuries is cut short, so that it can be added to.</summary>
    private static long ToNanoseconds(TimeSpan timeout)
    {
        const long Limit = long.MaxValue / 4;
        UioInterop.Deadline.ThrowIfNoTimeout(timeout);
        if (timeout == Timeout.InfiniteTimeSpan)
            return -1;

        return timeout.Ticks <= Limit / TimeSpan.NanosecondsPerTick ? timeout.Ticks * TimeSpan.NanosecondsPerTick : Limit;
    }

    private static long ToTimestamps(long nanoseconds) => (long)(nanoseconds * (Stopwatch.Frequency / 1e9));

    private void ThrowIfStopped()
    {
        if (_stopped)
            throw Disposed();
    }

    private ObjectDisposedException Disposed() => new(nameof(UioDevice), $"{_device.DevicePath} has been disposed.");

    private TimeoutException TimedOut() =>
        new($"{_device.DevicePath} raised no interrupt in time. It is armed as before.");
}
