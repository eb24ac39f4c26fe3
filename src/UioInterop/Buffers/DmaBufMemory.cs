using System.Buffers;

namespace UioInterop;

/// <summary>A scope of CPU access as memory: it may be awaited over, and ends when it is disposed.</summary>
internal sealed unsafe class DmaBufMemory(DmaBuf buffer, DmaBuf.Window window) : MemoryManager<byte>
{
    private int _pins;

    public override Span<byte> GetSpan()
    {
        ThrowIfEnded();
        return window.Span;
    }

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, window.Length);
        Interlocked.Increment(ref _pins);
        try
        {
            ThrowIfEnded();
        }
        catch
        {
            Unpin();
            throw;
        }

        return new MemoryHandle(window.Address + elementIndex, default, this);
    }

    public override void Unpin() => Interlocked.Decrement(ref _pins);

    protected override void Dispose(bool disposing)
    {
        if (Volatile.Read(ref _pins) > 0)
            throw new InvalidOperationException($"An operation still has the memory of {buffer} pinned: wait for it before the scope ends.");

        buffer.EndAccess(window.Ticket);
    }

    private void ThrowIfEnded()
    {
        if (!buffer.IsOpen(window.Ticket))
            throw new ObjectDisposedException(nameof(IMemoryOwner<>), "The scope of CPU access has ended.");
    }
}
