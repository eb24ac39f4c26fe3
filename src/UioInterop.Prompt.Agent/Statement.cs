using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using UioInterop.Prompt.Protocol;
using UioInterop.Prompt.Views;

namespace UioInterop.Prompt.Agent;

/// <summary>A statement that runs.</summary>
[SuppressMessage("Design", "CA1001", Justification = "What it awaited may still ask its token when it is over.")]
internal sealed class Statement
{
    // The token is the gentlest end, an abort the last.
    private static readonly TimeSpan s_beforeInterrupt = TimeSpan.FromMilliseconds(150), s_beforeAbort = TimeSpan.FromSeconds(1);

    private readonly RunRequest _request;
    private readonly Action<RunResult> _onEnd;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly CancellationTokenSource _cancel = new();
    private readonly CancellationTokenSource _abort = new();
    private readonly StatementThreads _threads;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isOver;
    private int _interrupts;
    private volatile bool _isAborting; // its end is reported after the devices' stop

    public Statement(RunRequest request, Action<RunResult> onEnd)
    {
        _request = request;
        _onEnd = onEnd;
        _threads = new StatementThreads(_abort.Token);
    }

    public int Number => _request.Number;

    /// <summary>Starts it.</summary>
    /// <param name="run">Its code, which runs until its first await.</param>
    public void Start(Func<Task<object?>> run)
    {
        Session.Begin(_cancel, _request.Width);
        Task.Factory.StartNew(run, CancellationToken.None, TaskCreationOptions.None, _threads).Unwrap()
            .ContinueWith(Finish, CancellationToken.None, TaskContinuationOptions.None, _threads);
    }

    // Still on a thread that can be interrupted: the value's own text may take for ever.
    private void Finish(Task<object?> task)
    {
        if (_isAborting)
        {
            _ended.TrySetResult();
            return;
        }

        try
        {
            if (task.IsCompletedSuccessfully)
                End(RunOutcome.Done, !_request.HasValue ? "" : View.Of(task.Result, _request.Width));
            else if (_interrupts > 0
                && task.Exception?.GetBaseException() is null or OperationCanceledException or ThreadInterruptedException)
                End(RunOutcome.Interrupted, "interrupted");
            else
                End(RunOutcome.Failed, Failure.Of(task.Exception?.GetBaseException() ?? new TaskCanceledException(task)));
        }
        catch (Exception error) when (error is not ThreadInterruptedException)
        {
            End(RunOutcome.Failed, $"The value cannot be shown. {Failure.Of(error)}");
        }
    }

    /// <summary>Ends it, by ever stronger means. Returns at once.</summary>
    public void Interrupt()
    {
        if (!_ended.Task.IsCompleted && Interlocked.Increment(ref _interrupts) == 1)
            _ = Task.Factory.StartNew(InterruptAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private async Task InterruptAsync()
    {
        // Its callbacks are the script's, and may take their time.
        _ = _cancel.CancelAsync();
        await Task.Run(Rest.EndWaits).ConfigureAwait(false);
        if (await HasEndedAsync(s_beforeInterrupt).ConfigureAwait(false))
            return;

        _threads.Interrupt();
        if (await HasEndedAsync(s_beforeInterrupt).ConfigureAwait(false))
            return;
        if (!_threads.IsBusy)
        {
            End(RunOutcome.Interrupted, "interrupted; what it awaited goes on, and nobody waits for it");
            return;
        }

        if (await HasEndedAsync(s_beforeAbort).ConfigureAwait(false))
            return;

        _isAborting = true;

        // Returns when the thread has been aborted, which a finally block delays.
        _ = Task.Factory.StartNew(_abort.Cancel, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        bool hasEnded = await HasEndedAsync(s_beforeAbort).ConfigureAwait(false) || !_threads.IsBusy;
        bool atRest = Rest.StopDevices();
        string devices = UioDevice.OpenDevices.Count == 0 ? ""
            : atRest ? "; all devices were stopped"
            : "; not all devices could be stopped";
        if (hasEnded)
            End(RunOutcome.Interrupted, $"aborted{devices}");
        else
            Console.WriteLine($"It does not end, as in a finally block{devices}. "
                + "Ctrl-C once more starts a new agent, and all that was declared is gone.");
    }

    private async Task<bool> HasEndedAsync(TimeSpan within)
    {
        await Task.WhenAny(_ended.Task, Task.Delay(within)).ConfigureAwait(false);
        return _ended.Task.IsCompleted;
    }

    private void End(RunOutcome outcome, string text)
    {
        if (Interlocked.Exchange(ref _isOver, 1) != 0)
            return;
        _threads.Close();

        // Not here: this may be a thread that is interrupted just now.
        var result = new RunResult(Number, outcome, text, (int)_clock.ElapsedMilliseconds);
        ThreadPool.UnsafeQueueUserWorkItem(_ => _onEnd(result), null);
        _ended.TrySetResult();
    }
}
