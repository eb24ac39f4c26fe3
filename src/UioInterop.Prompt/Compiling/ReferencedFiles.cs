using System.Collections.Immutable;
using System.Reflection;
using Microsoft.CodeAnalysis;

namespace UioInterop.Prompt.Compiling;

/// <summary>The assemblies that statements name by <c>#r</c>. The agent gets them from here when it needs them.</summary>
internal sealed class ReferencedFiles : MetadataReferenceResolver
{
    private readonly Dictionary<string, string> _paths = [];

    /// <summary>The content of one; empty when there is none of that name.</summary>
    public byte[] Read(string name)
    {
        lock (_paths)
            return _paths.TryGetValue(name, out string? path) ? File.ReadAllBytes(path) : [];
    }

    public override ImmutableArray<PortableExecutableReference> ResolveReference(
        string reference, string? baseFilePath, MetadataReferenceProperties properties)
    {
        string folder = baseFilePath is null ? Folders.Current : Path.GetDirectoryName(baseFilePath) ?? Folders.Current;
        string path = Path.GetFullPath(reference, folder);
        if (!File.Exists(path))
            return [];
        lock (_paths)
            _paths[AssemblyName.GetAssemblyName(path).Name ?? path] = path;

        // What it refers to lies beside it, mostly.
        foreach (string beside in Directory.GetFiles(Path.GetDirectoryName(path)!, "*.dll"))
        {
            lock (_paths)
                _paths.TryAdd(Path.GetFileNameWithoutExtension(beside), beside);
        }

        return [MetadataReference.CreateFromFile(path, properties)];
    }

    public override bool Equals(object? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}
