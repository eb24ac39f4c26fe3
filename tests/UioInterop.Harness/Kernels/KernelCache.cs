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

    /// <summary>One build at a time, over all processes.</summary>
    public static Task<IDisposable> LockAsync(CancellationToken cancel) => FileLock.TakeAsync(At("lock"), cancel);
}
