using System.Buffers;

namespace UioInterop;

/// <summary>A scope of CPU access as memory: it may be awaited over, and ends when it is disposed.</summary>
internal sealed unsafe class DmaBufMemory(DmaBuf buffer, DmaBuf.Window window) : MemoryManager<byte>
{
    private const int Ended = -1;

    private int _pins; // how many operations have it pinned; or Ended, after which none gets it

    public override Span<byte> GetSpan()
    {
        if (Volatile.Read(ref _pins) == Ended)
            throw Disposed();
        return window.Span;
    }

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, window.Length);
        int before;
        do
        {
            before = Volatile.Read(ref _pins);
            if (before == Ended)
                throw Disposed();
        }
        while (Interlocked.CompareExchange(ref _pins, before + 1, before) != before);

        return new MemoryHandle(window.Address + elementIndex, default, this);
    }

    public override void Unpin() => Interlocked.Decrement(ref _pins);

    protected override void Dispose(bool disposing)
    {
        // An operation gets its pin or the scope its end, never both.
        int before = Interlocked.CompareExchange(ref _pins, Ended, 0);
        if (before > 0)
        {
            throw new InvalidOperationException(
                $"An operation still has the memory of {buffer} pinned: wait for it before the scope ends.");
        }

        if (before == 0)
            buffer.EndAccess(window.Ticket);
    }

    private static ObjectDisposedException Disposed() => new(nameof(IMemoryOwner<>), "The scope of CPU access has ended.");
}
