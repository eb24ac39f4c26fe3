using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.CodeAnalysis;
using UioInterop.Prompt.Protocol;

namespace UioInterop.Prompt.Compiling;

/// <summary>What statements are compiled against: the agent's .NET, and the very assemblies that it has.</summary>
internal static class References
{
    private const string Pack = "Microsoft.NETCore.App.Ref";

    // What the compiler has read of them it keeps with them.
    private static readonly ConcurrentDictionary<Version, IReadOnlyList<MetadataReference>> s_framework = new();

    /// <summary>The .NET of a version: of the SDK's reference pack, which has documentation with it.</summary>
    /// <exception cref="PromptException">There is none here.</exception>
    public static IReadOnlyList<MetadataReference> Framework(Version version) => s_framework.GetOrAdd(version, Find);

    private static IReadOnlyList<MetadataReference> Find(Version version)
    {
        string packs = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "packs", Pack));
        string moniker = $"net{version.Major}.{version.Minor}";
        string? folder = !Directory.Exists(packs) ? null : Directory.GetDirectories(packs, $"{version.Major}.{version.Minor}.*")
            .Select(pack => Path.Combine(pack, "ref", moniker)).Where(Directory.Exists).Order(StringComparer.Ordinal).LastOrDefault();

        // A host without an SDK has a runtime, which can be compiled against as well.
        if (folder is null && Environment.Version.Major == version.Major && Environment.Version.Minor == version.Minor)
            folder = RuntimeEnvironment.GetRuntimeDirectory();
        return folder is null
            ? throw new PromptException(
                $"The agent runs .NET {version}, and {packs} has no reference pack of {moniker}: install that SDK here.")
            : [.. Directory.GetFiles(folder, "*.dll").Where(IsManaged).Order(StringComparer.Ordinal).Select(FromFile)];
    }

    /// <summary>The agent's own assemblies. They are asked for once, and kept by what tells one build from another.</summary>
    public static async Task<IReadOnlyList<MetadataReference>> LibraryAsync(Greeting greeting, Func<string, Task<byte[]>> askFor)
    {
        List<MetadataReference> references = [];
        foreach (AgentAssembly assembly in greeting.Assemblies)
        {
            string path = PathOf(assembly);
            if (!File.Exists(path))
                Keep(path, await askFor(assembly.Name).ConfigureAwait(false));
            references.Add(FromFile(path));
        }

        return references;
    }

    /// <summary>The documentation of the agent's assemblies, if it has some: nobody waits for it at the start.</summary>
    public static async Task FetchDocumentationAsync(Greeting greeting, Func<string, Task<byte[]>> askFor)
    {
        foreach (AgentAssembly assembly in greeting.Assemblies)
        {
            string path = XmlDocumentation.PathFor(PathOf(assembly));
            if (!File.Exists(path) && await askFor(assembly.Name + ".xml").ConfigureAwait(false) is { Length: > 0 } content)
                Keep(path, content);
        }
    }

    private static PortableExecutableReference FromFile(string path) =>
        MetadataReference.CreateFromFile(path, documentation: new XmlDocumentation(path));

    private static string PathOf(AgentAssembly assembly) => Path.Combine(Folders.Cache, $"{assembly.Name}-{assembly.Mvid:n}.dll");

    private static void Keep(string path, byte[] content)
    {
        if (content.Length == 0)
            throw new PromptException($"The agent names {Path.GetFileName(path)}, and does not have it.");
        string staging = $"{path}.{Guid.NewGuid():N}";
        File.WriteAllBytes(staging, content);
        File.Move(staging, path, overwrite: true);
    }

    private static bool IsManaged(string path) =>
        Path.GetFileName(path) is var name
        && (name.StartsWith("System.", StringComparison.Ordinal) || name.StartsWith("Microsoft.", StringComparison.Ordinal)
            || name is "System.dll" or "mscorlib.dll" or "netstandard.dll");
}
