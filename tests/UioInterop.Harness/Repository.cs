using UioInterop.Machines.Host;

namespace UioInterop.Harness;

/// <summary>Where things are in the repository this program was built in.</summary>
internal static class Repository
{
    public static string Root => Content.Root;

    public static string At(params string[] parts) => Content.At(parts);
}
