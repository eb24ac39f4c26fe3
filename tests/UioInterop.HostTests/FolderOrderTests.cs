using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using NUnit.Framework;
using UioInterop.Harness;

namespace UioInterop.HostTests;

/// <summary>The folders of the library have an order. Code uses what its own folder declares, and those before it.</summary>
internal sealed class FolderOrderTests
{
    private static readonly string[] s_order =
    [
        "Interop", "Errors", "Diagnostics", "Description", "Buffers", "Mappings", "Interrupts", "Registers", "Devices", "Pools", "Engines",
        "Binding",
    ];

    // A source generator writes the bodies of partial members: they are missing here, and their out arguments count as unassigned.
    private static readonly string[] s_withoutBodies = ["CS8795", "CS0165", "CS0170"];

    private static readonly string s_root = Repository.At("src", "UioInterop");

    [Test]
    public void Every_folder_has_a_place() => Assert.That(Sources().Select(FolderOf).Distinct(), Is.EquivalentTo(s_order));

    [Test]
    public void A_folder_uses_those_before_it_only() =>
        Assert.That(UsesOfLaterFolders([.. Sources().Select(path => (path, File.ReadAllText(Path.Combine(s_root, path))))]), Is.Empty);

    [Test]
    public void A_use_of_a_later_folder_is_found_with_both_names_and_the_place()
    {
        var uses = UsesOfLaterFolders(
        [
            ("Errors/First.cs", "class First\n{\n    int Last => new Later().Number + Number;\n    int Number => 0;\n}"),
            ("Devices/Later.cs", "class Later\n{\n    public int Number => 1;\n    First? First => null;\n}"),
        ]);
        Assert.That(uses, Is.EqualTo(
        [
            "Errors/First.cs(3,21): Errors uses Later of Devices",
            "Errors/First.cs(3,29): Errors uses Later.Number of Devices",
        ]));
    }

    private static IEnumerable<string> Sources() =>
        from folder in Directory.GetDirectories(s_root)
        where Path.GetFileName(folder) is not ("bin" or "obj" or "build")
        from path in Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories)
        select Path.GetRelativePath(s_root, path);

    private static string FolderOf(string path) => path.Split('/')[0];

    private static int PlaceOf(string path) => Array.IndexOf(s_order, FolderOf(path));

    private static List<string> UsesOfLaterFolders((string Path, string Text)[] sources)
    {
        SyntaxTree[] trees = [.. sources.Select(source => InMemory.Parse(source.Text, source.Path))];
        var compilation = CSharpCompilation.Create("folders", [InMemory.ImplicitUsings, .. trees], InMemory.References,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true,
                nullableContextOptions: NullableContextOptions.Enable));

        // A name that means nothing here would pass.
        var errors = compilation.GetDiagnostics().Where(each => each.Severity == DiagnosticSeverity.Error);
        Assert.That(errors.Where(each => !s_withoutBodies.Contains(each.Id)), Is.Empty);
        return
        [
            .. from tree in trees
               let model = compilation.GetSemanticModel(tree)
               from name in tree.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>()
               let symbol = model.GetSymbolInfo(name).Symbol
               where symbol is not (null or INamespaceSymbol)
               let declared = symbol.OriginalDefinition.DeclaringSyntaxReferences.FirstOrDefault()?.SyntaxTree.FilePath
               where !string.IsNullOrEmpty(declared) && PlaceOf(declared) > PlaceOf(tree.FilePath)
               let place = name.GetLocation().GetLineSpan().StartLinePosition
               select $"{tree.FilePath}({place.Line + 1},{place.Character + 1}): {FolderOf(tree.FilePath)} uses "
                   + $"{symbol.ToDisplayString(SymbolDisplayFormat.CSharpShortErrorMessageFormat)} of {FolderOf(declared)}",
        ];
    }
}
