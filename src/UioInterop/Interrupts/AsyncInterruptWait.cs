using System.Threading.Tasks.Sources;

namespace UioInterop;

/// <summary>One asynchronous wait. Reused once its result has been taken; a wait that nobody awaits is left to the collector.</summary>
/// <remarks>
/// The interrupt is read when somebody asks for the result, so a wait that nobody awaits takes none. The source's lock protects
/// everything but the completion itself.
/// </remarks>
internal sealed class AsyncInterruptWait(InterruptSource source) : IValueTaskSource<InterruptCount>, IThreadPoolWorkItem
{
    private ManualResetValueTaskSourceCore<InterruptCount> _core;
    private InterruptCount _count;
    private Exception? _error;

    public InterruptSource Source => source;

    /// <summary>Whether nothing has decided it yet.</summary>
    public bool IsPending { get; private set; }

    /// <summary>Whether there was something to read, and nobody had asked for it.</summary>
    public bool IsReady { get; set; }

    /// <summary>Whether something continues after it.</summary>
    public bool IsAwaited { get; private set; }

    /// <summary>Whether the awaiter resumes in the thread that noticed the interrupt.</summary>
    public bool ContinuesInline { get; private set; }

    /// <summary>The owner that may withdraw it; null when none may.</summary>
    public object? Owner { get; private set; }

    public CancellationTokenRegistration Cancellation { get; set; }

    public short Version => _core.Version;

    public void Begin(bool continueInline, object? owner)
    {
        IsPending = true;
        Owner = owner;
        ContinuesInline = continueInline;
    }

    public void Decide(InterruptCount count, Exception? error)
    {
        IsPending = false;
        _count = count;
        _error = error;
    }

    /// <summary>Completes it in this thread. It has been decided.</summary>
    public void Complete()
    {
        if (_error is { } error)
            _core.SetException(error);
        else
            _core.SetResult(_count);
    }

    /// <summary>Makes it ready for the next.</summary>
    public void Reset()
    {
        IsPending = IsReady = IsAwaited = false;
        _error = null;
        Owner = null;
        _core.Reset();
    }

    void IThreadPoolWorkItem.Execute() => Complete();

    InterruptCount IValueTaskSource<InterruptCount>.GetResult(short token)
    {
        // Throws when the result was taken before, and leaves the next wait alone.
        if (_core.GetStatus(token) == ValueTaskSourceStatus.Pending)
        {
            source.GiveUp(this);
            throw new InvalidOperationException("The wait was not over, and has been given up: await it.");
        }

        // Waits for a callback that runs just now, which needs the lock.
        Cancellation.Dispose();
        Cancellation = default;
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            source.TakeBack(this);
        }
    }

    ValueTaskSourceStatus IValueTaskSource<InterruptCount>.GetStatus(short token)
    {
        ValueTaskSourceStatus status = _core.GetStatus(token);
        if (status != ValueTaskSourceStatus.Pending || !source.TryReadFor(this, isAwaited: false))
            return status;

        Complete(); // nothing continues after it yet
        return _core.GetStatus(token);
    }

    void IValueTaskSource<InterruptCount>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        _core.OnCompleted(continuation, state, token, flags);
        if (source.TryReadFor(this, isAwaited: true))
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Something continues after it.</summary>
    public void MarkAwaited() => IsAwaited = true;
}
