namespace UioInterop.Prompt.Terminal;

/// <summary>A text that is edited, and the place in it.</summary>
internal sealed class EditBuffer
{
    public string Text { get; private set; } = "";

    public int Position { get; private set; }

    public void Set(string text) => (Text, Position) = (text, text.Length);

    public void Insert(string text)
    {
        Text = Text.Insert(Position, text);
        Position += text.Length;
    }

    public void Replace(int start, string text)
    {
        Text = string.Concat(Text.AsSpan(0, start), text, Text.AsSpan(Position));
        Position = start + text.Length;
    }

    public void Move(int by) => Position = Math.Clamp(Position + by, 0, Text.Length);

    public void MoveToLineStart() => Position = LineStart;

    public void MoveToLineEnd() => Position = LineEnd;

    public void MoveWordBack() => Position = WordStart;

    public void MoveWordOn() => Position = WordEnd;

    public void DeleteBack() => Delete(Math.Max(0, Position - 1), Position);

    public void DeleteOn() => Delete(Position, Math.Min(Text.Length, Position + 1));

    public void DeleteWordBack() => Delete(WordStart, Position);

    public void DeleteToLineStart() => Delete(LineStart, Position);

    public void DeleteToLineEnd() => Delete(Position, LineEnd);

    /// <summary>Moves a line up or down, in the same column. False when there is none.</summary>
    public bool MoveLine(int by)
    {
        int column = Position - LineStart;
        int start = by < 0 ? LineStart - 1 : LineEnd + 1;
        if (start < 0 || start > Text.Length)
            return false;
        Position = start;
        Position = Math.Min(LineStart + column, LineEnd);
        return true;
    }

    private int LineStart => Position == 0 ? 0 : Text.LastIndexOf('\n', Position - 1) + 1;

    private int LineEnd => Text.IndexOf('\n', Position) is >= 0 and var end ? end : Text.Length;

    private int WordStart
    {
        get
        {
            int start = Position;
            while (start > 0 && !char.IsLetterOrDigit(Text[start - 1]))
                start--;
            while (start > 0 && char.IsLetterOrDigit(Text[start - 1]))
                start--;
            return start;
        }
    }

    private int WordEnd
    {
        get
        {
            int end = Position;
            while (end < Text.Length && !char.IsLetterOrDigit(Text[end]))
                end++;
            while (end < Text.Length && char.IsLetterOrDigit(Text[end]))
                end++;
            return end;
        }
    }

    private void Delete(int from, int to) => (Text, Position) = (Text.Remove(from, to - from), from);
}
