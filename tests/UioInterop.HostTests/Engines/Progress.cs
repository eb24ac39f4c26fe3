namespace UioInterop.HostTests.Engines;

/// <summary>What a test has had a fake ring do, and how much of it the engine has not seen.</summary>
internal sealed class Progress
{
    private int _done;
    private int _seen;

    /// <summary>The next look is at an error.</summary>
    public bool Fails { get; set; }

    /// <summary>More is done. Any thread.</summary>
    public void Add(int count) => Interlocked.Add(ref _done, count);

    /// <summary>How much was done since the last look.</summary>
    public int Take()
    {
        if (Fails)
            throw new IOException("the ring reports an error");
        int done = Volatile.Read(ref _done), fresh = done - _seen;
        _seen = done;
        return fresh;
    }
}
