using Spectre.Console;

namespace UioInterop.Tool.Output;

/// <summary>Shows what a command found: to a person, or to a program as JSON.</summary>
internal sealed class Printer
{
    private readonly TextWriter _output;

    /// <param name="output">Where it goes.</param>
    /// <param name="isJson">Whether a program reads it.</param>
    public Printer(TextWriter output, bool isJson)
    {
        _output = output;
        IsJson = isJson;
    }

    /// <summary>Whether a program reads it.</summary>
    public bool IsJson { get; }

    /// <summary>Shows data.</summary>
    /// <param name="data">The data: <see cref="IData"/>, or several.</param>
    /// <param name="text">Writes it for a person.</param>
    public void Show(object data, Action<TextWriter> text)
    {
        if (IsJson)
            _output.WriteLine(JsonLine.Of(data));
        else
            text(_output);
        _output.Flush();
    }

    /// <summary>A table without a frame, whose columns are as wide as they have to be.</summary>
    public static void Table(TextWriter output, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = columns.Any(column => column.Length > 0) };
        foreach (string column in columns)
            table.AddColumn(new TableColumn(new Text(column)) { NoWrap = true, Padding = new Padding(0, 0, 2, 0) });
        foreach (IReadOnlyList<string> row in rows)
            table.AddRow(row.Select(cell => new Text(cell)));
        Plain(output).Write(table);
    }

    // What is cut or wrapped cannot be copied, and grep does not find it: lines are as long as they are.
    private static IAnsiConsole Plain(TextWriter output)
    {
        const int Unlimited = 10_000;

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        console.Profile.Width = Unlimited;
        return console;
    }
}
