namespace UioInterop.Harness.Kernels;

/// <summary>Where kernels are kept: outside the repository, so that a fresh checkout does not compile again.</summary>
public static class KernelCache
{
    public static string Root { get; } = Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } configured
            ? configured
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "uiointerop");

    public static string At(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>One build at a time, over all processes. The system lets go when a process dies.</summary>
    public static async Task<IDisposable> LockAsync(CancellationToken cancel)
    {
        Directory.CreateDirectory(Root);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        bound.CancelAfter(TimeSpan.FromMinutes(30));
        using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        while (true)
        {
            if (TryLock() is { } held)
                return held;
            await retry.WaitForNextTickAsync(bound.Token);
        }
    }

    private static FileStream? TryLock()
    {
        try
        {
            return new FileStream(At("lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
