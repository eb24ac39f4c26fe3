using System.Globalization;

namespace UioInterop.Machines.Running;

/// <summary>
/// Room for two machines at a time, where the memory is there: most boots leave a processor idle while .NET starts or a
/// timer runs. Whoever asks first is served first.
/// </summary>
internal sealed class BootSlots(int most, long budgetMiB)
{
    // What QEMU takes beside the guest's memory, its translated code above all.
    private const int OverheadMiB = 768;

    private readonly Lock _gate = new();
    private readonly Queue<(long Size, TaskCompletionSource Turn)> _waiting = new();
    private int _running;
    private long _used;

    public static BootSlots OfThisHost { get; } = new(2, AvailableMiB() / 4 * 3);

    /// <summary>Waits for room; disposing what it returns makes room again. A machine that is alone always has it.</summary>
    public async Task<IDisposable> TakeAsync(int memoryMiB, CancellationToken cancel)
    {
        long size = memoryMiB + OverheadMiB;
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _waiting.Enqueue((size, turn));
            Serve();
        }
        // Who gives up while it waits gets its turn all the same, and hands it on.
        await using var given = cancel.Register(() => turn.TrySetCanceled(cancel));
        await turn.Task;
        return new Slot(this, size);
    }

    private void Serve()
    {
        while (_waiting.TryPeek(out var next) && (_running == 0 || (_running < most && _used + next.Size <= budgetMiB)))
        {
            _waiting.Dequeue();
            if (!next.Turn.TrySetResult())
                continue;
            _running++;
            _used += next.Size;
        }
    }

    private void Free(long size)
    {
        lock (_gate)
        {
            _running--;
            _used -= size;
            Serve();
        }
    }

    private static long AvailableMiB() =>
        long.Parse(
            File.ReadLines("/proc/meminfo").First(line => line.StartsWith("MemAvailable:", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture) / 1024;

    private sealed class Slot(BootSlots slots, long size) : IDisposable
    {
        private bool _isFree;

        public void Dispose()
        {
            if (!_isFree)
                slots.Free(size);
            _isFree = true;
        }
    }
}
