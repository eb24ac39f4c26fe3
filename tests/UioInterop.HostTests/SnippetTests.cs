using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using NUnit.Framework;
using UioInterop.Devices;
using UioInterop.Harness;
using UioInterop.Machines;

namespace UioInterop.HostTests;

/// <summary>C# in Markdown files compiles. What a snippet takes for granted is declared here.</summary>
internal sealed partial class SnippetTests
{
    private const string TakenForGranted =
        """
        global using System.Globalization;
        global using UioInterop;
        global using UioInterop.Devices;
        global using static Given;

        public static class Given
        {
            public static readonly TimeSpan timeout;
            public static readonly CancellationToken token;
            public static readonly uint[] data = [];
            public static readonly int length;
            public static readonly DeviceSession session = null!;
            public static readonly RingEngine ring = null!;
            public static readonly DmaMapping[] mappings = [];

            public static void Fill(Span<byte> memory) { }
            public static void Consume(ReadOnlySpan<byte> memory) { }
            public static void Use(RingPart part) { }
        }

        public sealed record Channel(DeviceSession Session, int Offset, StopDomain Domain);
        """;

    private static readonly MetadataReference[] s_references =
    [
        .. InMemory.References, InMemory.Library, MetadataReference.CreateFromFile(typeof(AxiDma).Assembly.Location),
        MetadataReference.CreateFromFile(typeof(Machine).Assembly.Location),
    ];

    [TestCaseSource(nameof(Files))]
    public void They_compile(string path) => Assert.That(ErrorsOf(File.ReadAllText(Repository.At(path))), Is.Empty);

    [Test]
    public void A_name_that_is_gone_is_found_at_its_line() => Assert.That(
        ErrorsOf("Words\n\n```csharp\nusing AxiDma dma = AxiDma.Open(\"dma\");\ndma.Vanish();\n```\n"),
        Has.Exactly(1).StartsWith("line 5: 'AxiDma' does not contain a definition for 'Vanish'"));

    private static IEnumerable<string> Files() =>
        from path in Directory.GetFiles(Repository.Root, "*.md", SearchOption.AllDirectories)
        let name = Path.GetRelativePath(Repository.Root, path)
        where !name.Split('/').Any(part => part is "bin" or "obj" or "artifacts" or ".git") && Snippet().IsMatch(File.ReadAllText(path))
        select name;

    private static string[] ErrorsOf(string markdown)
    {
        var snippets = Snippet().Matches(markdown).Select(match => Parse(match, markdown)).ToArray();
        Assert.That(snippets, Is.Not.Empty);

        // A driver that one of them declares is used by the others.
        var declarations = snippets.Where(tree => !tree.GetRoot().ChildNodes().OfType<GlobalStatementSyntax>().Any()).ToArray();
        var usings = declarations.SelectMany(tree => tree.GetRoot().DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>())
            .Select(each => $"global using {each.Name};");
        SyntaxTree[] given =
        [
            InMemory.ImplicitUsings, InMemory.Parse(TakenForGranted), InMemory.Parse(string.Join('\n', usings)),
            .. declarations,
        ];
        return [.. snippets.Except(declarations).Cast<SyntaxTree?>().DefaultIfEmpty().SelectMany(program => ErrorsIn(program, given))];
    }

    private static SyntaxTree Parse(Match snippet, string markdown)
    {
        var before = markdown.AsSpan(0, snippet.Groups[1].Index).Count('\n');
        return InMemory.Parse(new string('\n', before) + snippet.Groups[1].Value);
    }

    private static IEnumerable<string> ErrorsIn(SyntaxTree? program, SyntaxTree[] given)
    {
        var compilation = CSharpCompilation.Create("snippet", program is null ? given : [program, .. given], s_references,
            new CSharpCompilationOptions(program is null ? OutputKind.DynamicallyLinkedLibrary : OutputKind.ConsoleApplication,
                nullableContextOptions: NullableContextOptions.Enable));
        return from error in compilation.GetDiagnostics()
               where error.Severity == DiagnosticSeverity.Error
               select $"line {error.Location.GetLineSpan().StartLinePosition.Line + 1}: {error.GetMessage()}";
    }

    [GeneratedRegex(@"^```csharp\n(.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Snippet();
}
