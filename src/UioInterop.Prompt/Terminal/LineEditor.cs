using System.Text;
using UioInterop.Prompt.Compiling;

namespace UioInterop.Prompt.Terminal;

/// <summary>Statements from a terminal: edited, coloured, completed, and remembered.</summary>
/// <param name="colours">The colours.</param>
/// <param name="history">What was typed before.</param>
/// <param name="complete">What can stand at a place.</param>
internal sealed class LineEditor(
    Colours colours, History history, Func<string, int, (int Start, IReadOnlyList<CompletionItem> Items)> complete)
    : IStatementSource
{
    private const string Prompt = "> ", More = ". ";
    private const int MostNames = 60;

    // Protects the terminal, and what is known of it.
    private readonly Lock _turn = new();
    private readonly Keys _keys = new();
    private readonly EditBuffer _buffer = new();
    private bool _isEditing;
    private int _row; // of the cursor, below the first of what is edited
    private bool _isInLine; // of text that did not end with a line
    private int _recalled;
    private string _typed = "";
    private volatile bool _isReading;

    public bool IsInteractive => true;

    public Action OnInterrupt
    {
        set => _keys.OnInterrupt = () =>
        {
            if (_isReading)
                return false;
            value();
            return true;
        };
    }

    public void Start() => _keys.Start();

    public string? Read()
    {
        lock (_turn)
        {
            _isEditing = _isReading = true;
            _buffer.Set("");
            (_recalled, _typed, _row) = (history.Count, "", 0);
            if (_isInLine)
                Console.Write('\n');
            _isInLine = false;
            Draw();
        }

        string? statement = Edit();
        lock (_turn)
        {
            _isEditing = _isReading = false;
            _buffer.Move(_buffer.Text.Length);
            Draw();
            Console.Write('\n');
        }

        if (statement is not null)
            history.Add(statement);
        return statement;
    }

    public void Write(string text)
    {
        lock (_turn)
        {
            if (_isEditing)
                Erase();
            Console.Write(text);
            _isInLine = !text.EndsWith('\n');
            if (!_isEditing)
                return;
            if (_isInLine)
                Console.Write('\n');
            _isInLine = false;
            Draw();
        }
    }

    private string? Edit()
    {
        while (_keys.TryTake(out ConsoleKeyInfo key))
        {
            lock (_turn)
            {
                if (Handle(key) is { } statement)
                    return statement.Length == 0 ? null : statement[1..];

                // What is pasted is drawn when it is all there.
                if (!_keys.HasMore)
                    Draw();
            }
        }

        return null;
    }

    /// <summary>Null to go on; nothing at the end; otherwise a mark and the statement.</summary>
    private string? Handle(ConsoleKeyInfo key)
    {
        bool withControl = key.Modifiers.HasFlag(ConsoleModifiers.Control);
        switch (key.Key)
        {
            case ConsoleKey.Enter when key.Modifiers.HasFlag(ConsoleModifiers.Alt):
                _buffer.Insert("\n");
                return null;
            case ConsoleKey.Enter:
                if (Terminal.Commands.Is(_buffer.Text) || ScriptCompiler.IsComplete(_buffer.Text))
                    return "=" + _buffer.Text;
                _buffer.Move(_buffer.Text.Length);
                _buffer.Insert("\n");
                return null;
            case ConsoleKey.C when withControl:
                _buffer.Set("");
                _recalled = history.Count;
                return null;
            case ConsoleKey.D when withControl && _buffer.Text.Length == 0:
                return "";
            case ConsoleKey.D when withControl:
            case ConsoleKey.Delete:
                _buffer.DeleteOn();
                return null;
            case ConsoleKey.Tab:
                Complete();
                return null;
            case ConsoleKey.UpArrow when !_buffer.MoveLine(-1):
            case ConsoleKey.P when withControl:
                Recall(_recalled - 1);
                return null;
            case ConsoleKey.DownArrow when !_buffer.MoveLine(1):
            case ConsoleKey.N when withControl:
                Recall(_recalled + 1);
                return null;
            case ConsoleKey.UpArrow or ConsoleKey.DownArrow:
                return null;
            case ConsoleKey.R when withControl:
                Search();
                return null;
            case ConsoleKey.L when withControl:
                Console.Write("\e[H\e[2J");
                _row = 0;
                return null;
            default:
                Edit(key, withControl);
                return null;
        }
    }

    private void Edit(ConsoleKeyInfo key, bool withControl)
    {
        bool byWord = withControl || key.Modifiers.HasFlag(ConsoleModifiers.Alt);
        switch (key.Key)
        {
            case ConsoleKey.LeftArrow or ConsoleKey.B when byWord && (key.Key == ConsoleKey.LeftArrow || !withControl):
                _buffer.MoveWordBack();
                break;
            case ConsoleKey.RightArrow or ConsoleKey.F when byWord && (key.Key == ConsoleKey.RightArrow || !withControl):
                _buffer.MoveWordOn();
                break;
            case ConsoleKey.LeftArrow:
            case ConsoleKey.B when withControl:
                _buffer.Move(-1);
                break;
            case ConsoleKey.RightArrow:
            case ConsoleKey.F when withControl:
                _buffer.Move(1);
                break;
            case ConsoleKey.Home:
            case ConsoleKey.A when withControl:
                _buffer.MoveToLineStart();
                break;
            case ConsoleKey.End:
            case ConsoleKey.E when withControl:
                _buffer.MoveToLineEnd();
                break;
            case ConsoleKey.Backspace when byWord:
            case ConsoleKey.W when withControl:
                _buffer.DeleteWordBack();
                break;
            case ConsoleKey.Backspace:
            case ConsoleKey.H when withControl:
                _buffer.DeleteBack();
                break;
            case ConsoleKey.U when withControl:
                _buffer.DeleteToLineStart();
                break;
            case ConsoleKey.K when withControl:
                _buffer.DeleteToLineEnd();
                break;
            default:
                if (key.KeyChar >= ' ')
                    _buffer.Insert(key.KeyChar.ToString());
                break;
        }
    }

    private void Recall(int index)
    {
        if (index < 0 || index > history.Count)
            return;
        if (_recalled == history.Count)
            _typed = _buffer.Text;
        _recalled = index;
        _buffer.Set(index == history.Count ? _typed : history[index]);
    }

    // Ctrl-R: the last statement with what has been typed in it; again, the one before.
    private void Search()
    {
        if (_recalled == history.Count)
            _typed = _buffer.Text;
        if (history.Find(_typed, _recalled) is >= 0 and var index)
        {
            _recalled = index;
            _buffer.Set(history[index]);
        }
    }

    private void Complete()
    {
        (int start, IReadOnlyList<CompletionItem> items) = complete(_buffer.Text, _buffer.Position);
        if (items.Count == 0)
            return;

        string common = items.Select(item => item.Name).Aggregate(CommonStart);
        int typed = _buffer.Position - start;
        if (common.Length > typed || items.Count == 1)
        {
            _buffer.Replace(start, common);
            if (items.Count > 1)
                return;
        }

        Erase();
        Console.Write(items.Count == 1 ? colours.Aside(items[0].Description.Value) + "\n"
            : items.Count <= MostNames ? InColumns([.. items.Select(item => item.Name)])
            : $"{items.Count} names: type more of it\n");
    }

    private static string CommonStart(string one, string other)
    {
        int length = 0;
        while (length < one.Length && length < other.Length && one[length] == other[length])
            length++;
        return one[..length];
    }

    private static string InColumns(string[] names)
    {
        int width = names.Max(name => name.Length) + 2, perLine = Math.Max(1, Terminals.Width / width);
        var text = new StringBuilder();
        for (int i = 0; i < names.Length; i++)
        {
            bool isLast = i % perLine == perLine - 1 || i == names.Length - 1;
            text.Append(names[i].PadRight(isLast ? 0 : width)).Append(isLast ? "\n" : "");
        }

        return text.ToString();
    }

    private void Erase()
    {
        Console.Write($"{(_row > 0 ? $"\e[{_row}A" : "")}\r\e[J");
        _row = 0;
    }

    private void Draw()
    {
        int width = Terminals.Width;
        Erase();
        Console.Write(Prompt + colours.Code(_buffer.Text).Replace("\n", "\n" + More, StringComparison.Ordinal));

        // A terminal goes to the next line with the character after the last column; the cursor is to be there before.
        (int lastRow, int lastColumn) = PlaceOf(_buffer.Text, width);
        if (lastColumn == 0 && lastRow > 0)
            Console.Write(" \r");
        (_row, int column) = PlaceOf(_buffer.Text[.._buffer.Position], width);
        Console.Write($"{(lastRow > _row ? $"\e[{lastRow - _row}A" : "")}\r{(column > 0 ? $"\e[{column}C" : "")}");
    }

    private static (int Row, int Column) PlaceOf(string text, int width)
    {
        int row = 0, column = 0;
        foreach (string line in text.Split('\n'))
        {
            if (column >= 0 && (row, column) != (0, 0))
                row++;
            int length = Prompt.Length + line.Length;
            row += length / width;
            column = length % width;
        }

        return (row, column);
    }
}
