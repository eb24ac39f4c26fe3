using UioInterop.Prompt;
using UioInterop.Prompt.Compiling;
using UioInterop.Prompt.Links;
using UioInterop.Prompt.Terminal;

// In the home folder of ssh's user.
const string AgentThere = "uio-agent/UioInterop.Prompt.Agent";
const string Usage = $"""
    Usage: uio-repl HOST                        ssh HOST {AgentThere}
           uio-repl -- COMMAND [ARGUMENT...]    a command that starts the agent, and carries its input and output
           uio-repl --socket PATH               a local socket, which the agent connects to
           uio-repl --port PATH [BAUD]          a serial port with an agent at its other end
    """;

// On a terminal that can do nothing but lines, Ctrl-C is a signal: it is for us alone.
bool ownSession = !Terminals.CanEdit && !Console.IsInputRedirected;
Func<Link>? connect = args switch
{
    [var host] when host.Length > 0 && host[0] != '-' => () => Started(["ssh", host, AgentThere]),
    ["--", .. var command] when command.Length > 0 => () => Started(command),
    ["--socket", var path] => () => new SocketLink(path),
    ["--port", var path] => () => new PortLink(path, 115200),
    ["--port", var path, var baud] when int.TryParse(baud, out int speed) => () => new PortLink(path, speed),
    _ => null,
};
if (connect is null)
{
    Console.Error.WriteLine(Usage);
    return 2;
}

PromptSession? session = null;
var colours = Colours.Wanted;
LineEditor? editor = Terminals.CanEdit
    ? new LineEditor(colours, new History(Folders.History), (text, position) =>
        session?.Compiler is { } compiler ? Completion.At(compiler, text, position) : (position, []))
    : null;
IStatementSource source = editor ?? (IStatementSource)new PlainSource(Console.In, Console.Out, isInteractive: !Console.IsInputRedirected);
try
{
    using (session = new PromptSession(connect, source, colours))
    {
        editor?.Start();
        return await session.RunAsync();
    }
}
catch (PromptException error)
{
    Console.Error.WriteLine(colours.Error(error.Message));
    return 1;
}

CommandLink Started(string[] command) => new(command, ownSession, Console.Error.WriteLine);
