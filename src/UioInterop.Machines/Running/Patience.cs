namespace UioInterop.Machines.Running;

/// <summary>
/// How long a machine may say nothing, and how long it may take. Time that its threads spend waiting for a processor does
/// not count: on a busy host a slow machine is no hung one.
/// </summary>
internal sealed class Patience : IDisposable
{
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private readonly RunLimits _limits;
    private readonly CancellationTokenSource _end = new();
    private readonly ProcessorQueue _queue = new();
    private TimeSpan _silent;
    private TimeSpan _counted;
    private TimeSpan _passed;

    public Patience(RunLimits limits) => _limits = limits;

    /// <summary>Cancelled when it is exhausted.</summary>
    public CancellationToken End => _end.Token;

    /// <summary>Why it is exhausted; null while it is not.</summary>
    public string? Why { get; private set; }

    /// <summary>The machine has said something.</summary>
    public void OnSign()
    {
        lock (_gate)
            _silent = TimeSpan.Zero;
    }

    /// <summary>Watches a process until the token is cancelled.</summary>
    public async Task WatchAsync(int process, CancellationToken stop)
    {
        var last = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(s_period);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                var now = TimeProvider.System.GetTimestamp();
                Count(TimeProvider.System.GetElapsedTime(last, now), _queue.LongestWait(ProcessorQueue.Read(process)));
                last = now;
            }
        }
        catch (OperationCanceledException)
        {
            // The machine has ended.
        }
    }

    /// <summary>Some time has passed, and for a part of it the machine waited for a processor.</summary>
    internal void Count(TimeSpan passed, TimeSpan waited)
    {
        lock (_gate)
        {
            var counted = passed > waited ? passed - waited : TimeSpan.Zero;
            _silent += counted;
            _counted += counted;
            _passed += passed;
            Why ??= _silent >= _limits.Silence ? $"no word for {RunLimits.Text(_limits.Silence)}"
                : _counted >= _limits.Total ? $"it took longer than {RunLimits.Text(_limits.Total)}"
                : _passed >= _limits.Longest ? $"it took longer than {RunLimits.Text(_limits.Longest)} on a busy host"
                : null;
        }
        if (Why is not null)
            _end.Cancel();
    }

    public void Dispose() => _end.Dispose();
}
