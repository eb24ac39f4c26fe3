namespace UioInterop.Prompt.Terminal;

/// <summary>What was typed, in this session and earlier ones; in a file, a statement a line.</summary>
internal sealed class History
{
    private const int Most = 1000;

    private readonly List<string> _statements = [];
    private readonly string _path;

    public History(string path)
    {
        _path = path;
        if (File.Exists(path))
            _statements.AddRange(File.ReadAllLines(path).TakeLast(Most).Select(Decoded));
    }

    public int Count => _statements.Count;

    public string this[int index] => _statements[index];

    public void Add(string statement)
    {
        if (string.IsNullOrWhiteSpace(statement) || (_statements.Count > 0 && _statements[^1] == statement))
            return;
        _statements.Add(statement);
        try
        {
            // Appended, so that two prompts at once both leave theirs.
            File.AppendAllText(_path, Encoded(statement) + "\n");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A home that cannot be written to is no reason to stop.
        }
    }

    /// <summary>The index of the last before one that has a text in it; -1 for none.</summary>
    public int Find(string part, int before) => part.Length == 0 ? -1
        : _statements.FindLastIndex(
            Math.Clamp(before, 0, _statements.Count) - 1, statement => statement.Contains(part, StringComparison.Ordinal));

    private static string Encoded(string statement) =>
        statement.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Decoded(string line)
    {
        var text = new System.Text.StringBuilder();
        for (int i = 0; i < line.Length; i++)
        {
            bool isMarked = line[i] == '\\' && i + 1 < line.Length;
            text.Append(!isMarked ? line[i] : line[++i] == 'n' ? '\n' : line[i]);
        }

        return text.ToString();
    }
}
