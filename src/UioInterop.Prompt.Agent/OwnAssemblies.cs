using System.Reflection;
using UioInterop.Devices;
using UioInterop.Prompt.Protocol;

namespace UioInterop.Prompt.Agent;

/// <summary>What a script can use besides .NET: the prompt compiles against these very files.</summary>
internal static class OwnAssemblies
{
    private const string Documentation = ".xml";

    private static readonly Assembly[] s_all = [typeof(UioDevice).Assembly, typeof(EduDevice).Assembly, typeof(Globals).Assembly];

    public static IReadOnlyList<AgentAssembly> List() =>
        [.. s_all.Select(assembly => new AgentAssembly(assembly.GetName().Name!, assembly.ManifestModule.ModuleVersionId))];

    /// <summary>The content of one, or of the documentation beside it; empty when there is none.</summary>
    /// <param name="name">The assembly's name, or the documentation's, with .xml.</param>
    public static byte[] Read(string name)
    {
        bool isDocumentation = name.EndsWith(Documentation, StringComparison.Ordinal);
        string assembly = isDocumentation ? name[..^Documentation.Length] : name;
        return s_all.FirstOrDefault(one => one.GetName().Name == assembly) is { } found
            && (isDocumentation ? Path.ChangeExtension(found.Location, Documentation) : found.Location) is var path && File.Exists(path)
                ? File.ReadAllBytes(path) : [];
    }
}
