using System.Reflection;

namespace UioInterop.Machines.Host;

/// <summary>What is made and can be made again: in a checkout in its folder, which git ignores; for a package in the cache.</summary>
internal static class Artifacts
{
    public static string Root { get; } = Content.IsPackaged ? Cache.At("machines", Version) : Content.At("artifacts");

    // What one version has made is not taken for another's.
    private static string Version =>
        typeof(Artifacts).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    public static string At(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>
    /// For whoever makes files that others use as well: several commands may run at once, and a machine reads what another
    /// would write.
    /// </summary>
    /// <param name="what">What is made; each has a lock of its own.</param>
    /// <param name="cancel">Gives up waiting.</param>
    public static Task<IDisposable> LockAsync(string what, CancellationToken cancel) => FileLock.TakeAsync(At("locks", what), cancel);
}
