using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace UioInterop.Machines.Guests;

/// <summary>
/// Which files of a self-contained program the guest gets. Every MiB costs time twice, when QEMU loads it and when
/// the kernel unpacks it, and most of the framework is never referred to.
/// </summary>
internal static class RuntimeFiles
{
    // For debuggers, profilers, and garbage collectors other than the built-in one.
    private static readonly string[] s_unused =
    [
        "createdump", "libmscordaccore.so", "libmscordbi.so", "libcoreclrtraceptprovider.so", "libclrgc.so",
        "libclrgcexp.so",
    ];

    // The runtime itself asks for these by name.
    private static readonly string[] s_always = ["System.Private.CoreLib", "System.Runtime", "System.Console"];

    /// <summary>All of the framework, for a program that nobody has looked into.</summary>
    public static IEnumerable<string> AllIn(string directory) => Directory.GetFiles(directory)
        .Where(path => Path.GetExtension(path) is ".dll" or ".so"
            && !s_unused.Contains(Path.GetFileName(path))).Order(StringComparer.Ordinal);

    public static IEnumerable<string> NeededIn(string directory)
    {
        var assemblies = Directory.GetFiles(directory, "*.dll").ToDictionary(path => Path.GetFileNameWithoutExtension(path)!);
        var needed = Closure(assemblies);
        return Directory.GetFiles(directory, "*", SearchOption.AllDirectories).Where(IsNeeded).Order(StringComparer.Ordinal);

        bool IsNeeded(string path) => Path.GetExtension(path) switch
        {
            ".pdb" or ".xml" => false,
            // It lists every assembly, and the host insists on what it lists. Without it, what is there counts.
            ".json" => !path.EndsWith(".deps.json", StringComparison.Ordinal),
            ".dll" => needed.Contains(Path.GetFileNameWithoutExtension(path)),
            _ => !s_unused.Contains(Path.GetFileName(path)),
        };
    }

    private static HashSet<string> Closure(Dictionary<string, string> assemblies)
    {
        var needed = new HashSet<string>();
        var open = new Queue<string>(assemblies.Keys.Where(name => !IsFramework(name)).Concat(s_always));
        while (open.TryDequeue(out var name))
            if (assemblies.TryGetValue(name, out var path) && needed.Add(name))
                foreach (var reference in References(path))
                    open.Enqueue(reference);
        return needed;
    }

    private static bool IsFramework(string name) =>
        name.StartsWith("System.", StringComparison.Ordinal) || name.StartsWith("Microsoft.", StringComparison.Ordinal)
        || name is "System" or "mscorlib" or "netstandard" or "WindowsBase";

    private static IEnumerable<string> References(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        if (!file.HasMetadata)
            return [];
        var metadata = file.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(
            handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
    }
}
