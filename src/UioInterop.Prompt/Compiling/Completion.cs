using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace UioInterop.Prompt.Compiling;

/// <summary>What can stand at a place, with how it is declared and what its documentation says.</summary>
/// <param name="Name">What is typed.</param>
/// <param name="Description">The declaration, and the documentation's summary where there is one.</param>
internal sealed record CompletionItem(string Name, Lazy<string> Description);

/// <summary>Completes names by the compiler's own tables. Roslyn's editing layer could do more, but is ten times as large.</summary>
internal static class Completion
{
    private static readonly SymbolDisplayFormat s_format = SymbolDisplayFormat.MinimallyQualifiedFormat;

    /// <summary>The names that can stand before a place.</summary>
    /// <param name="compiler">Knows the earlier statements.</param>
    /// <param name="text">What has been typed.</param>
    /// <param name="position">The place.</param>
    /// <returns>Where the name begins, and what it may be, in order.</returns>
    public static (int Start, IReadOnlyList<CompletionItem> Items) At(ScriptCompiler compiler, string text, int position)
    {
        int start = position;
        while (start > 0 && SyntaxFacts.IsIdentifierPartCharacter(text[start - 1]))
            start--;
        string begun = text[start..position];
        if (begun.Length > 0 && char.IsAsciiDigit(begun[0]))
            return (start, []);

        // A placeholder stands for the missing name, so that the line parses as it will when complete.
        string whole = begun.Length == 0 ? text.Insert(position, "_") : text;
        SemanticModel model = compiler.Look(whole);
        SyntaxToken token = model.SyntaxTree.GetRoot().FindToken(start);
        if (token.IsKind(SyntaxKind.StringLiteralToken) || token.IsKind(SyntaxKind.CharacterLiteralToken))
            return (start, []);

        ISymbol[] symbols =
        [
            .. (Before(token) is { } left ? MembersOf(model, left, start) : model.LookupSymbols(start))
                .Where(symbol => symbol.CanBeReferencedByName && !IsHidden(symbol)),
        ];

        // As it was typed, or else in any case.
        ISymbol[] found = Beginning(StringComparison.Ordinal);
        if (found.Length == 0)
            found = Beginning(StringComparison.OrdinalIgnoreCase);
        return (start, [
            .. found.GroupBy(symbol => symbol.Name).OrderBy(group => group.Key, StringComparer.OrdinalIgnoreCase)
                .Select(group => new CompletionItem(group.Key, new Lazy<string>(() => Describe(group.First(), group.Count())))),
        ]);

        ISymbol[] Beginning(StringComparison comparison) => [.. symbols.Where(symbol => symbol.Name.StartsWith(begun, comparison))];
    }

    // What stands before the dot.
    private static ExpressionSyntax? Before(SyntaxToken token) => token.Parent?.Parent switch
    {
        MemberAccessExpressionSyntax access when access.Name == token.Parent => access.Expression,
        QualifiedNameSyntax name when name.Right == token.Parent => name.Left,
        MemberBindingExpressionSyntax binding => binding.FirstAncestorOrSelf<ConditionalAccessExpressionSyntax>()?.Expression,
        _ => null,
    };

    private static IEnumerable<ISymbol> MembersOf(SemanticModel model, ExpressionSyntax left, int position)
    {
        if (model.GetSymbolInfo(left).Symbol is INamespaceOrTypeSymbol container && container is not ITypeParameterSymbol)
            return model.LookupSymbols(position, container).Where(symbol => symbol.IsStatic || symbol is INamespaceOrTypeSymbol);
        return model.GetTypeInfo(left).Type is { } type
            ? model.LookupSymbols(position, type, includeReducedExtensionMethods: true)
                .Where(symbol => !symbol.IsStatic || symbol is IMethodSymbol { MethodKind: MethodKind.ReducedExtension })
            : [];
    }

    private static bool IsHidden(ISymbol symbol) => symbol.GetAttributes().Any(attribute =>
        attribute.AttributeClass?.Name == "EditorBrowsableAttribute" && attribute.ConstructorArguments is [{ Value: 1 }]);

    private static string Describe(ISymbol symbol, int count)
    {
        string declaration = $"{symbol.ToDisplayString(s_format)}{(count > 1 ? $" (+ {count - 1})" : "")}";
        string summary = XmlDocumentation.SummaryIn(
            (symbol as IMethodSymbol)?.ReducedFrom?.GetDocumentationCommentXml() ?? symbol.GetDocumentationCommentXml());
        return summary.Length == 0 ? declaration : $"{declaration}\n  {summary}";
    }
}
