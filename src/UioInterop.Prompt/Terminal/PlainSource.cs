using System.Text;
using UioInterop.Prompt.Compiling;

namespace UioInterop.Prompt.Terminal;

/// <summary>Statements from a pipe, a file, or a terminal that can do nothing but lines.</summary>
/// <param name="input">Where they come from.</param>
/// <param name="output">Where text goes.</param>
/// <param name="isInteractive">Whether a person types them.</param>
internal sealed class PlainSource(TextReader input, TextWriter output, bool isInteractive) : IStatementSource
{
    private readonly Lock _turn = new();
    private Action _onInterrupt = () => { };

    public bool IsInteractive => isInteractive;

    public Action OnInterrupt
    {
        set
        {
            _onInterrupt = value;
            if (isInteractive)
            {
                Console.CancelKeyPress += (_, press) =>
                {
                    press.Cancel = true;
                    _onInterrupt();
                };
            }
        }
    }

    public string? Read()
    {
        var text = new StringBuilder();
        while (true)
        {
            if (isInteractive)
                Write(text.Length == 0 ? "> " : ". ");
            if (input.ReadLine() is not { } line)
                return text.Length == 0 ? null : text.ToString();

            text.Append(text.Length == 0 ? "" : "\n").Append(line);
            if (ScriptCompiler.IsComplete(text.ToString()))
                return text.ToString();
        }
    }

    public void Write(string text)
    {
        lock (_turn)
        {
            output.Write(text);
            output.Flush();
        }
    }
}
