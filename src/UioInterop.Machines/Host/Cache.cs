namespace UioInterop.Machines.Host;

/// <summary>What is kept outside of any checkout, so that a fresh one does not make it again: kernels above all.</summary>
internal static class Cache
{
    public static string Root { get; } = Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } configured
            ? configured
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "uiointerop");

    public static string At(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>One build of a kernel at a time, over all processes.</summary>
    public static Task<IDisposable> LockAsync(CancellationToken cancel) => FileLock.TakeAsync(At("lock"), cancel);
}
