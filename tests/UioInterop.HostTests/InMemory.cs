using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace UioInterop.HostTests;

/// <summary>What C# that is compiled in memory is given.</summary>
internal static class InMemory
{
    private static readonly CSharpParseOptions s_options = CSharpParseOptions.Default.WithFeatures([new("FileBasedProgram", "true")]);

    /// <summary>What a project has by ImplicitUsings.</summary>
    public static SyntaxTree ImplicitUsings { get; } = Parse(
        """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Threading;
        global using System.Threading.Tasks;
        """);

    /// <summary>The library.</summary>
    public static MetadataReference Library { get; } = MetadataReference.CreateFromFile(typeof(UioDevice).Assembly.Location);

    /// <summary>.NET's assemblies, and what the library refers to, wherever that is; not the library.</summary>
    public static IReadOnlyList<MetadataReference> References { get; } =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Concat(typeof(UioDevice).Assembly.GetReferencedAssemblies().Select(name => Assembly.Load(name).Location))
            .DistinctBy(Path.GetFileName)
            .Where(path => !Path.GetFileName(path).StartsWith("UioInterop", StringComparison.Ordinal))
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];

    /// <summary>A file, which may have the directives of a program in one file.</summary>
    public static SyntaxTree Parse(string text, string path = "") => CSharpSyntaxTree.ParseText(text, s_options, path);
}
