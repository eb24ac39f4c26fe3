using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.CodeAnalysis.Text;

namespace UioInterop.Prompt.Compiling;

/// <summary>Compiles statements, each of which sees the earlier ones that have succeeded.</summary>
internal sealed class ScriptCompiler
{
    private static readonly string[] s_framework =
    [
        "System", "System.IO", "System.Linq", "System.Text", "System.Diagnostics", "System.Threading", "System.Threading.Tasks",
        "System.Collections.Generic", "System.Runtime.InteropServices",
    ];

    private static readonly string[] s_library = ["UioInterop", "UioInterop.Devices", "UioInterop.Prompt", "UioInterop.Prompt.Globals"];

    private static readonly CSharpParseOptions s_script = new(LanguageVersion.Latest, DocumentationMode.None, SourceCodeKind.Script);

    private readonly string _session = Guid.NewGuid().ToString("N")[..8];
    private readonly IReadOnlyList<MetadataReference> _references;
    private readonly CSharpCompilationOptions _options;
    private readonly List<CompiledStatement> _accepted = [];
    private int _count;

    /// <param name="references">What statements may use.</param>
    /// <param name="files">Finds what they name by <c>#r</c>.</param>
    /// <param name="hasLibrary">Whether the library is among the references.</param>
    public ScriptCompiler(IReadOnlyList<MetadataReference> references, ReferencedFiles files, bool hasLibrary = true)
    {
        _references = references;
        Usings = [.. s_framework, .. hasLibrary ? s_library : []];
        _options = new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary, usings: Usings, optimizationLevel: OptimizationLevel.Release, allowUnsafe: true,
            metadataReferenceResolver: files, sourceReferenceResolver: new SourceFileResolver([], Folders.Current));
    }

    /// <summary>The namespaces and classes whose members need no other name.</summary>
    public IReadOnlyList<string> Usings { get; }

    /// <summary>The statements that have succeeded.</summary>
    public IReadOnlyList<CompiledStatement> Accepted => _accepted;

    /// <summary>Whether a text is whole: otherwise more lines are to come.</summary>
    public static bool IsComplete(string text) =>
        string.IsNullOrWhiteSpace(text) || SyntaxFactory.IsCompleteSubmission(SyntaxFactory.ParseSyntaxTree(text, s_script));

    /// <summary>Compiles a statement.</summary>
    /// <exception cref="CompilationException">It is none.</exception>
    public CompiledStatement Compile(string text)
    {
        int number = ++_count;
        string type = $"Submission#{number}";
        SyntaxTree tree = Parse(text);
        CSharpCompilation compilation = Following(tree, $"statement-{number}-{_session}", type);

        // A using directive, or a comment: there is nothing that could be run.
        if (compilation.SyntaxTrees.All(one => one.GetCompilationUnitRoot().Members.Count == 0))
        {
            ThrowIfWrong(text, compilation.GetDiagnostics());
            return new CompiledStatement(text, compilation, type, 0, HasValue: false, [], []);
        }

        // Symbols say in which line an exception came from: of one line, it is known.
        bool isLong = text.Contains('\n') || text.Contains("#load", StringComparison.Ordinal);
        using var assembly = new MemoryStream();
        using var symbols = new MemoryStream();
        EmitResult result = compilation.Emit(
            assembly, isLong ? symbols : null, options: new EmitOptions(debugInformationFormat: DebugInformationFormat.PortablePdb));
        if (!result.Success)
            ThrowIfWrong(text, result.Diagnostics);

        return new CompiledStatement(
            text, compilation, type, _accepted.Count + 1, HasValue(compilation, tree), assembly.ToArray(), isLong ? symbols.ToArray() : []);
    }

    /// <summary>Later statements see this one.</summary>
    public void Accept(CompiledStatement statement) => _accepted.Add(statement);

    /// <summary>All that was declared is forgotten.</summary>
    public void Forget() => _accepted.Clear();

    /// <summary>The compiler's view of a text that need not be whole, or right.</summary>
    public SemanticModel Look(string text)
    {
        SyntaxTree tree = Parse(text);
        return Following(tree, "look", "Look").GetSemanticModel(tree);
    }

    private static void ThrowIfWrong(string text, IEnumerable<Diagnostic> diagnostics)
    {
        Diagnostic[] errors = [.. diagnostics.Where(one => one.Severity == DiagnosticSeverity.Error)];
        if (errors.Length > 0)
            throw new CompilationException(text, errors);
    }

    private static SyntaxTree Parse(string text) =>
        SyntaxFactory.ParseSyntaxTree(SourceText.From(text, Encoding.UTF8), s_script);

    private CSharpCompilation Following(SyntaxTree tree, string assembly, string type) => CSharpCompilation.CreateScriptCompilation(
        assembly, tree, _references, _options.WithScriptClassName(type), _accepted.Count == 0 ? null : _accepted[^1].Compilation);

    // As in scripts: the last expression, without a semicolon.
    private static bool HasValue(CSharpCompilation compilation, SyntaxTree tree) =>
        tree.GetCompilationUnitRoot().Members.LastOrDefault()
            is GlobalStatementSyntax { Statement: ExpressionStatementSyntax { SemicolonToken.IsMissing: true } last }
        && compilation.GetSemanticModel(tree).GetTypeInfo(last.Expression).Type is { SpecialType: not SpecialType.System_Void };
}
