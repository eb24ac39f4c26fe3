namespace UioInterop;

/// <summary>Ticks while transfers are under way, in place of a device's interrupt.</summary>
#pragma warning disable CA1001 // A timer that is not due holds nothing, and a tick may be under way whenever the clock ends.
internal sealed class PollClock
#pragma warning restore CA1001
{
    private readonly TimeSpan _interval;
    private readonly Timer _timer;

    public PollClock(TimeSpan interval, Action tick)
    {
        _interval = interval;
        _timer = new Timer(static tick => ((Action)tick!)(), tick, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Ticks once, after the interval, in the thread pool.</summary>
    public void Start() => _timer.Change(_interval, Timeout.InfiniteTimeSpan);

    /// <summary>A tick may be under way.</summary>
    public void Stop() => _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
}
