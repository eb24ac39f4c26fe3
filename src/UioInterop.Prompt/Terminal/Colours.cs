using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace UioInterop.Prompt.Terminal;

/// <summary>Colours of text, where they are wanted: not with NO_COLOR, nor in a pipe, nor on a terminal that has none.</summary>
/// <param name="areOn">Whether they are.</param>
internal sealed class Colours(bool areOn)
{
    private const string Red = "\e[31m", Grey = "\e[90m", Blue = "\e[94m", Green = "\e[32m", Cyan = "\e[36m", Off = "\e[0m";

    /// <summary>As the environment says.</summary>
    public static Colours Wanted => new(
        !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Terminals.HasColours);

    public string Error(string text) => In(Red, text);

    public string Aside(string text) => In(Grey, text);

    /// <summary>Code, its words coloured by what they are.</summary>
    public string Code(string text)
    {
        if (!areOn)
            return text;

        var coloured = new StringBuilder();
        int end = 0;
        foreach (SyntaxToken token in SyntaxFactory.ParseTokens(text))
        {
            // What lies between are blanks and comments.
            Append(Grey, text[end..token.SpanStart]);
            Append(ColourOf(token), text[token.SpanStart..token.Span.End]);
            end = token.Span.End;
        }

        Append(Grey, text[end..]);
        return coloured.ToString();

        void Append(string colour, string part) => coloured.Append(colour.Length == 0 || part.Length == 0 ? part : In(colour, part));
    }

    private static string ColourOf(SyntaxToken token) =>
        SyntaxFacts.IsKeywordKind(token.Kind())
        || SyntaxFacts.GetContextualKeywordKind(token.Text)
            is SyntaxKind.VarKeyword or SyntaxKind.AwaitKeyword or SyntaxKind.AsyncKeyword ? Blue
        : token.IsKind(SyntaxKind.NumericLiteralToken) ? Cyan
        : token.Kind() is SyntaxKind.StringLiteralToken or SyntaxKind.CharacterLiteralToken or SyntaxKind.InterpolatedStringTextToken
            or SyntaxKind.InterpolatedStringStartToken or SyntaxKind.InterpolatedStringEndToken ? Green
        : "";

    private string In(string colour, string text) => areOn ? $"{colour}{text}{Off}" : text;
}
