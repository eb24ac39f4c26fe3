using System.Runtime;

namespace UioInterop.Prompt.Agent;

/// <summary>
/// Runs a statement, before and after each await, on threads of its own, so that they can be interrupted and aborted. Each piece
/// of work under way has a thread, because pieces may wait for each other.
/// </summary>
/// <param name="abort">Aborts them.</param>
internal sealed class StatementThreads(CancellationToken abort) : TaskScheduler
{
    private readonly Lock _gate = new();
    private readonly HashSet<Thread> _busy = [];
    private bool _closed;

    /// <summary>Interrupts the threads wherever they block, or will.</summary>
    public void Interrupt()
    {
        lock (_gate)
        {
            foreach (Thread thread in _busy)
                thread.Interrupt();
        }
    }

    /// <summary>Whether a thread is at work.</summary>
    public bool IsBusy
    {
        get
        {
            lock (_gate)
                return _busy.Count > 0;
        }
    }

    /// <summary>A statement that is over never continues after its await.</summary>
    public void Close()
    {
        lock (_gate)
            _closed = true;
    }

    protected override void QueueTask(Task task)
    {
        // Background threads do not keep the agent alive.
        var thread = new Thread(() => Work(task)) { IsBackground = true, Name = "statement" };
        lock (_gate)
        {
            if (_closed)
                return;
            _busy.Add(thread);
        }

        thread.Start();
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && IsOurs && TryExecuteTask(task);

    protected override IEnumerable<Task>? GetScheduledTasks() => null;

    private bool IsOurs
    {
        get
        {
            lock (_gate)
                return _busy.Contains(Thread.CurrentThread);
        }
    }

    private void Work(Task task)
    {
        try
        {
#pragma warning disable SYSLIB0046 // It may leave the process in any state: it is the last but one resort, and the last is a new process.
            ControlledExecution.Run(() => TryExecuteTask(task), abort);
#pragma warning restore SYSLIB0046
        }
        catch (Exception error) when (error is OperationCanceledException or ThreadInterruptedException)
        {
            // The thread that interrupted it reports it.
        }
        finally
        {
            lock (_gate)
                _busy.Remove(Thread.CurrentThread);
        }
    }
}
