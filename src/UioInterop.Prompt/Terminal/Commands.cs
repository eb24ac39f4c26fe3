namespace UioInterop.Prompt.Terminal;

/// <summary>The words that are for the prompt itself, and no C#.</summary>
internal static class Commands
{
    public const string Exit = "exit", Save = "save", Restart = "restart";

    /// <summary>Whether a text is one: a word alone, or with one argument that no C# has.</summary>
    public static bool Is(string text) => Parse(text) is not null;

    /// <summary>The word and its argument; null when it is none.</summary>
    public static (string Word, string Argument)? Parse(string text)
    {
        string[] words = text.Trim().TrimEnd(';').Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words switch
        {
            [Exit] => (Exit, ""),
            [Exit, var code] when byte.TryParse(code, out _) => (Exit, code),
            [Save, var path] when path[0] is not ('=' or '.' or '(') || path.Contains('/') => (Save, path),
            [Restart] => (Restart, ""),
            _ => null,
        };
    }
}
