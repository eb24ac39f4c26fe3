namespace UioInterop.Harness;

/// <summary>Where things are in the repository this program was built in.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>Everything we make inside the repository; git ignores it.</summary>
    public static string Artifacts => At("artifacts");

    public static string At(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>
    /// For whoever makes files that others use as well: several commands may run at once, and a machine reads what another
    /// would write.
    /// </summary>
    /// <param name="what">What is made; each has a lock of its own.</param>
    /// <param name="cancel">Gives up waiting.</param>
    public static Task<IDisposable> LockAsync(string what, CancellationToken cancel) =>
        FileLock.TakeAsync(Path.Combine(Artifacts, "locks", what), cancel);

    private static string FindRoot(string from)
    {
        for (var directory = new DirectoryInfo(from); directory is not null; directory = directory.Parent)
            if (File.Exists(Path.Combine(directory.FullName, "build.sh")))
                return directory.FullName;
        throw new HarnessException($"{from} is not inside the UioInterop repository: no build.sh in it or above it.");
    }
}
