using System.Threading.Tasks.Sources;

namespace UioInterop;

/// <summary>
/// The wait of an engine's transfer for its end. Used again by the next: an engine makes one transfer at a time. Interrupt, stop,
/// time or token decide it, whichever is first.
/// </summary>
internal sealed class EngineWait : IValueTaskSource, IThreadPoolWorkItem
{
    public enum Outcome
    {
        /// <summary>There is no transfer.</summary>
        None,
        Pending,
        Done,
        TimedOut,
        Cancelled,
        Failed,
    }

    private static readonly TimeSpan s_longest = TimeSpan.FromDays(1);

    // Protects everything below but the completion. Nothing is taken inside of it.
    private readonly object _gate = new();
    private Outcome _outcome;
    private InterruptCount _count;
    private Exception? _error;
    private bool _isAsync;
    private bool _isDue; // decided, and not completed yet
    private bool _isAwaited; // something continues after it
    private bool _isTimed;
    private Deadline _deadline;
    private Timer? _timer;
    private CancellationTokenRegistration _cancellation;
    private ManualResetValueTaskSourceCore<bool> _core;

    public bool IsPending
    {
        get
        {
            lock (_gate)
                return _outcome == Outcome.Pending;
        }
    }

    /// <summary>A transfer is about to start.</summary>
    public void Begin(bool isAsync)
    {
        lock (_gate)
        {
            _outcome = Outcome.Pending;
            _isAsync = isAsync;
            _isDue = _isAwaited = false;
        }
    }

    /// <summary>Decides the wait. False when no wait is pending. Afterwards call <see cref="Complete"/>.</summary>
    public bool TryDecide(Outcome outcome, InterruptCount count = default, Exception? error = null)
    {
        lock (_gate)
        {
            if (_outcome != Outcome.Pending)
                return false;

            _outcome = outcome;
            _count = count;
            _error = error;
            _isDue = _isAsync;
            Monitor.PulseAll(_gate);
            return true;
        }
    }

    /// <summary>Resumes the awaiter once the wait has been decided. A later awaiter finds it complete.</summary>
    /// <param name="inline">In this thread; otherwise in the thread pool.</param>
    public void Complete(bool inline)
    {
        lock (_gate)
        {
            if (!_isDue || !_isAwaited)
                return;

            _isDue = false;
        }

        if (inline)
            _core.SetResult(true);
        else
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Waits without a thread, after the start.</summary>
    public ValueTask WaitAsync(Deadline deadline, CancellationToken token)
    {
        if (deadline.After != Timeout.InfiniteTimeSpan)
        {
            lock (_gate)
            {
                _deadline = deadline;
                _isTimed = true;
            }

            _timer ??= new Timer(static wait => ((EngineWait)wait!).OnTime(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(deadline.RemainingAtMost(s_longest), Timeout.InfiniteTimeSpan);
        }

        Register(token);
        return new ValueTask(this, _core.Version);
    }

    /// <summary>Waits in this thread, after the start.</summary>
    public void Wait(Deadline deadline, CancellationToken token)
    {
        Register(token);
        lock (_gate)
        {
            while (_outcome == Outcome.Pending)
            {
                try
                {
                    if (deadline.IsOver)
                        _outcome = Outcome.TimedOut;
                    else
                        Monitor.Wait(_gate, deadline.RemainingAtMost(s_longest));
                }
                catch (ThreadInterruptedException error)
                {
                    // As any other end of a transfer that is not over: the device is stopped before the caller hears of it.
                    if (_outcome == Outcome.Pending)
                        (_outcome, _error) = (Outcome.Failed, error);
                }
            }
        }
    }

    /// <summary>The outcome. No wait is pending afterwards.</summary>
    public Outcome End(out InterruptCount count, out Exception? error)
    {
        // Waits for a callback that runs just now, which needs the lock.
        _cancellation.Dispose();
        _cancellation = default;
        bool isTimed;
        Outcome outcome;
        lock (_gate)
        {
            outcome = _outcome;
            count = _count;
            error = _error;
            isTimed = _isTimed;
            _outcome = Outcome.None;
            _error = null;
            _isDue = _isTimed = false;
        }

        if (isTimed)
            _timer!.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        return outcome;
    }

    void IThreadPoolWorkItem.Execute() => _core.SetResult(true);

    void IValueTaskSource.GetResult(short token)
    {
        _core.GetResult(token);
        _core.Reset();
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token)
    {
        bool completes;
        lock (_gate)
        {
            completes = _isDue && !_isAwaited;
            _isDue &= !completes;
        }

        if (completes)
            _core.SetResult(true);
        return _core.GetStatus(token);
    }

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        // In this order: a continuation that is added after the completion allocates.
        _core.OnCompleted(continuation, state, token, flags);
        lock (_gate)
            _isAwaited = true;
        Complete(inline: false);
    }

    private void Register(CancellationToken token)
    {
        if (token.CanBeCanceled)
            _cancellation = token.UnsafeRegister(static wait => ((EngineWait)wait!).OnCancelled(), this);
    }

    private void OnCancelled()
    {
        if (TryDecide(Outcome.Cancelled))
            Complete(inline: false); // the thread that cancels must not have to stop an engine
    }

    // The timer may be late: then it belongs to an earlier transfer.
    private void OnTime()
    {
        lock (_gate)
        {
            if (_outcome != Outcome.Pending || !_isTimed)
                return;

            if (!_deadline.IsOver)
            {
                _timer!.Change(_deadline.RemainingAtMost(s_longest), Timeout.InfiniteTimeSpan);
                return;
            }
        }

        if (TryDecide(Outcome.TimedOut))
            Complete(inline: true);
    }
}
