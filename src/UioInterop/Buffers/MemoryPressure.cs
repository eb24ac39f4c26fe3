namespace UioInterop;

/// <summary>
/// Tells the collector about a buffer's memory: a small object keeps megabytes. It ends with the buffer, or is collected with it.
/// </summary>
internal sealed class MemoryPressure : IDisposable
{
    private readonly long _bytes;
    private int _ended;

    public MemoryPressure(long bytes)
    {
        _bytes = bytes;
        GC.AddMemoryPressure(bytes);
    }

    ~MemoryPressure() => End();

    public void Dispose()
    {
        End();
        GC.SuppressFinalize(this);
    }

    private void End()
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
            GC.RemoveMemoryPressure(_bytes);
    }
}
