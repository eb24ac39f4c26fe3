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

    // Protects everything below. InterruptThread's own lock is taken inside of it.
    private readonly object _gate = new();
    private readonly UioDeviceInfo _device;
    private readonly SafeFileHandle _file;
    private readonly SafeFileHandle _wake;
    private readonly bool _continueInline;
    private uint _total;
    private int _threads; // that block
    private bool _stopped;
    private AsyncWait _async;
    private InterruptCount _count;
    private Exception? _error;
    private CancellationTokenRegistration _cancellation;
    private ManualResetValueTaskSourceCore<InterruptCount> _core;

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
        CheckTimeout(timeout);
        if (evenWhenStopped)
            return Wait(timeout, null, out count);

        lock (_gate)
        {
            ThrowIfStopped();
            _threads++;
        }

        try
        {
            return Wait(timeout, _wake, out count);
        }
        finally
        {
            lock (_gate)
            {
                _threads--;
                if (_stopped)
                    Monitor.PulseAll(_gate);
            }
        }
    }

    public ValueTask<InterruptCount> WaitAsync(TimeSpan timeout, CancellationToken token)
    {
        CheckTimeout(timeout);
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
            if (timeout == TimeSpan.Zero)
                throw TimedOut();

            Deadline = timeout == Timeout.InfiniteTimeSpan ? long.MaxValue : Stopwatch.GetTimestamp() + ToTimestamps(timeout);
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
            while (_threads > 0)
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

    private bool Wait(TimeSpan timeout, SafeFileHandle? wake, out InterruptCount count)
    {
        long start = timeout > TimeSpan.Zero ? Stopwatch.GetTimestamp() : 0;
        TimeSpan remaining = timeout;

        while (true)
        {
            int ready = Syscalls.WaitUntilReadable(_file, wake, remaining);
            if (ready < 0)
                throw UioException.From(Calls.Wait, _device.DevicePath, ready);

            lock (_gate)
            {
                if (wake is not null)
                    ThrowIfStopped();
                if (ready == 0)
                {
                    count = default;
                    return false;
                }

                if (TryRead(out count))
                    return true;
            }

            // Another thread was faster.
            if (timeout > TimeSpan.Zero)
            {
                remaining = timeout - Stopwatch.GetElapsedTime(start);
                if (remaining < TimeSpan.Zero)
                    remaining = TimeSpan.Zero;
            }
        }
    }

    /// <summary>Reads the count. Under the lock, so that counts are compared in the order in which they were read.</summary>
    private bool TryRead(out InterruptCount count)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        int result = Syscalls.Read(_file, bytes);
        if (result == bytes.Length)
        {
            uint total = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            count = new InterruptCount(total, unchecked(total - _total));
            _total = total;
            if (count.Missed > 0)
                UioEventSource.Log.InterruptsMissed(_device, count);
            return true;
        }

        count = default;
        if (result == -Errno.EAGAIN)
            return false;

        // EIO has two causes, and only one of them is for ever.
        if (result == -Errno.EIO && SysFs.ReadInterruptCount(_device.Number) is null)
            throw new UioException(Calls.ReadInterrupt, _device.DevicePath, Errno.EIO, Remedies.DeviceGone);
        throw UioException.From(Calls.ReadInterrupt, _device.DevicePath, result < 0 ? result : -Errno.EIO);
    }

    private static void CheckTimeout(TimeSpan timeout)
    {
        if (timeout < TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
            throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "A timeout is not negative, or Timeout.InfiniteTimeSpan.");
    }

    // A timeout of centuries would wrap.
    private static long ToTimestamps(TimeSpan time) =>
        (long)Math.Min(time.TotalSeconds * Stopwatch.Frequency, long.MaxValue / 4);

    private void ThrowIfStopped()
    {
        if (_stopped)
            throw Disposed();
    }

    private ObjectDisposedException Disposed() => new(nameof(UioDevice), $"{_device.DevicePath} has been disposed.");

    private TimeoutException TimedOut() =>
        new($"{_device.DevicePath} raised no interrupt in time. It is armed as before.");
}
