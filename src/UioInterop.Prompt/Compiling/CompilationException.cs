using Microsoft.CodeAnalysis;

namespace UioInterop.Prompt.Compiling;

/// <summary>What was typed is no C#, with the place and what is wrong there.</summary>
internal sealed class CompilationException(string text, IEnumerable<Diagnostic> errors) : PromptException(Describe(text, errors))
{
    private const int MostErrors = 5;

    private static string Describe(string text, IEnumerable<Diagnostic> errors) =>
        string.Join('\n', errors.Take(MostErrors).Select(error => Describe(text.Split('\n'), error)));

    private static string Describe(string[] lines, Diagnostic error)
    {
        string words = $"{error.Id}: {error.GetMessage(System.Globalization.CultureInfo.InvariantCulture)}";
        FileLinePositionSpan place = error.Location.GetLineSpan();
        if (place.Path is { Length: > 0 })
            return $"{place.Path}({place.StartLinePosition.Line + 1},{place.StartLinePosition.Character + 1}): {words}";
        if (!error.Location.IsInSource || place.StartLinePosition.Line >= lines.Length)
            return words;

        string line = lines[place.StartLinePosition.Line];
        int from = place.StartLinePosition.Character;
        int to = place.EndLinePosition.Line == place.StartLinePosition.Line ? place.EndLinePosition.Character : line.Length;

        // Tabs stay tabs, so that the marks are below what they mark.
        string indent = string.Concat(line.Take(from).Select(character => character == '\t' ? '\t' : ' '));
        return $"  {line}\n  {indent}{new string('^', Math.Max(1, to - from))} {words}";
    }
}
