using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace UioInterop.Prompt.Compiling;

/// <summary>What was typed, as a program that <c>./build.sh run</c> takes: the statements that succeeded, in their order.</summary>
internal static class SavedProgram
{
    /// <param name="statements">The statements.</param>
    /// <param name="usings">The namespaces and classes that they see.</param>
    /// <param name="project">The project that has what can be called by its bare name; null when it is not here.</param>
    /// <exception cref="PromptException">A name is declared twice, which a program cannot.</exception>
    public static string Of(IReadOnlyList<CompiledStatement> statements, IEnumerable<string> usings, string? project)
    {
        List<string> directives = [], body = [], types = [];
        var declared = new Dictionary<string, string>();
        foreach (CompiledStatement statement in statements)
        {
            CompilationUnitSyntax root = statement.Compilation.SyntaxTrees[0].GetCompilationUnitRoot();
            if (root.GetReferenceDirectives().Count > 0 || root.GetLoadDirectives().Count > 0)
                throw new PromptException($"A program has no #r and no #load: {statement.Text.Split('\n')[0]}");
            directives.AddRange(root.Usings.Select(directive => directive.ToString()));
            foreach (MemberDeclarationSyntax member in root.Members)
            {
                foreach (string name in NamesIn(member))
                {
                    if (!declared.TryAdd(name, member.ToString()))
                    {
                        throw new PromptException(
                            $"{name} is declared twice, which a program cannot: \"{declared[name]}\" and \"{member}\".");
                    }
                }

                if (member is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax)
                    types.Add(member.ToString());
                else
                    body.Add(statement.HasValue && member == root.Members[^1] ? Shown((GlobalStatementSyntax)member) : Local(member));
            }
        }

        var program = new StringBuilder("// What was typed at the prompt of UioInterop.\n");
        if (project is not null)
            program.Append("#:project ").Append(project).Append("\n#:property PublishAot=false\n");
        foreach (string name in usings)
            program.Append(name == "UioInterop.Prompt.Globals" ? $"using static {name};\n" : $"using {name};\n");
        foreach (string directive in directives.Distinct())
            program.Append(directive).Append('\n');
        program.Append('\n').AppendJoin('\n', body).Append('\n');
        foreach (string type in types)
            program.Append('\n').Append(type).Append('\n');
        return program.ToString();
    }

    // A field of a script is a variable of a program, and a method a local function: both without the words of a class's member.
    private static string Local(MemberDeclarationSyntax member) => member switch
    {
        FieldDeclarationSyntax field => field.Declaration + ";",
        MethodDeclarationSyntax method => method.WithModifiers([.. method.Modifiers.Where(IsForLocals)]).ToString(),
        _ => member.ToString(),
    };

    private static bool IsForLocals(SyntaxToken word) =>
        word.Kind() is SyntaxKind.StaticKeyword or SyntaxKind.AsyncKeyword or SyntaxKind.UnsafeKeyword;

    // The value of the last line was shown; a program has to say so.
    private static string Shown(GlobalStatementSyntax last) =>
        $"Console.WriteLine({((ExpressionStatementSyntax)last.Statement).Expression});";

    private static IEnumerable<string> NamesIn(MemberDeclarationSyntax member) => member switch
    {
        FieldDeclarationSyntax field => field.Declaration.Variables.Select(variable => variable.Identifier.Text),
        BaseTypeDeclarationSyntax type => [type.Identifier.Text],
        GlobalStatementSyntax { Statement: LocalDeclarationStatementSyntax local } =>
            local.Declaration.Variables.Select(variable => variable.Identifier.Text),
        _ => [],
    };
}
