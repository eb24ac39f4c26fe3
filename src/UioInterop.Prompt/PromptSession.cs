using UioInterop.Prompt.Compiling;
using UioInterop.Prompt.Links;
using UioInterop.Prompt.Protocol;
using UioInterop.Prompt.Terminal;

namespace UioInterop.Prompt;

/// <summary>Reads statements, has them run, and shows their results.</summary>
internal sealed class PromptSession : IDisposable
{
    private static readonly TimeSpan s_helloAfter = TimeSpan.FromSeconds(5), s_warmAfter = TimeSpan.FromMilliseconds(700);

    private readonly Func<Link> _connect;
    private readonly IStatementSource _source;
    private readonly Colours _colours;
    private readonly ReferencedFiles _files = new();
    private AgentConnection? _agent;
    private ScriptCompiler? _compiler;
    private int _number;
    private volatile bool _isMeeting; // there is no agent yet
    private volatile bool _isRunning; // a statement
    private int _interrupts; // since it began
    private int _failures;

    public PromptSession(Func<Link> connect, IStatementSource source, Colours colours)
    {
        _connect = connect;
        _source = source;
        _colours = colours;
        source.OnInterrupt = Interrupt;
    }

    /// <summary>Knows what was declared; null until there is an agent.</summary>
    public ScriptCompiler? Compiler => _compiler;

    /// <summary>Until the end of the statements.</summary>
    /// <returns>The exit code: 0; 1 when a statement failed without a person at the prompt; what <c>exit</c> said.</returns>
    public async Task<int> RunAsync()
    {
        await MeetAsync().ConfigureAwait(false);
        while (_source.Read() is { } text)
        {
            if (string.IsNullOrWhiteSpace(text))
                continue;

            bool isGood;
            try
            {
                if (Commands.Parse(text) is var (word, argument))
                {
                    if (word == Commands.Exit)
                        return argument.Length > 0 ? byte.Parse(argument, System.Globalization.CultureInfo.InvariantCulture) : ExitCode;
                    await DoAsync(word, argument).ConfigureAwait(false);
                    isGood = true;
                }
                else
                {
                    isGood = await RunAsync(text).ConfigureAwait(false);
                }
            }
            catch (AgentLostException lost)
            {
                Say(_colours.Error($"The agent is lost: {lost.Message}. All that was declared is gone."));
                if (!_source.IsInteractive)
                    return 1;
                await ReplaceAsync().ConfigureAwait(false);
                continue;
            }
            catch (PromptException error)
            {
                Say(_colours.Error(error.Message));
                isGood = false;
            }

            if (isGood)
                continue;
            _failures++;

            // The rest was not written for the state that a failed statement leaves.
            if (!_source.IsInteractive)
                return 1;
        }

        return ExitCode;
    }

    public void Dispose() => _agent?.Dispose();

    private int ExitCode => _source.IsInteractive || _failures == 0 ? 0 : 1;

    /// <summary>Waits for the agent, while the compiler compiles something for the first time.</summary>
    private async Task MeetAsync()
    {
        _agent ??= new AgentConnection(_connect(), _source.Write, _files.Read);
        _isMeeting = true;
        Task warm = WarmAsync(_agent.Greeting);
        Greeting greeting = await GreetingAsync(_agent).ConfigureAwait(false);
        if (greeting.Protocol != Greeting.Current)
        {
            throw new PromptException($"The agent speaks version {greeting.Protocol} of the protocol, "
                + $"and this prompt version {Greeting.Current}: take both from one build.");
        }

        IReadOnlyList<Microsoft.CodeAnalysis.MetadataReference> framework = References.Framework(Version.Parse(greeting.Runtime));
        IReadOnlyList<Microsoft.CodeAnalysis.MetadataReference> library =
            await References.LibraryAsync(greeting, _agent.GetFileAsync).ConfigureAwait(false);
        await warm.ConfigureAwait(false);
        _compiler = new ScriptCompiler([.. framework, .. library], _files);
        _isMeeting = false;
        if (!_source.IsInteractive)
            return;

        Say(_colours.Aside($".NET {greeting.Runtime} on {greeting.Machine}. Type help, or exit."));
        _ = Task.Run(WarmCompletion);
        _ = FetchDocumentationAsync(_agent, greeting);
    }

    // Without it, names are completed all the same.
    private static async Task FetchDocumentationAsync(AgentConnection agent, Greeting greeting)
    {
        try
        {
            await References.FetchDocumentationAsync(greeting, agent.GetFileAsync).ConfigureAwait(false);
        }
        catch (PromptException)
        {
        }
    }

    private static async Task<Greeting> GreetingAsync(AgentConnection agent)
    {
        Task<Greeting> greeting = agent.Greeting;
        while (await Task.WhenAny(greeting, Task.Delay(s_helloAfter)).ConfigureAwait(false) != greeting)
            agent.SayHello();
        return await greeting.ConfigureAwait(false);
    }

    // With .NET alone: what the agent has is not known yet. What boots a machine gets going first; an agent that is there already is
    // not kept waiting.
    private static async Task WarmAsync(Task<Greeting> greeting)
    {
        if (await Task.WhenAny(greeting, Task.Delay(s_warmAfter)).ConfigureAwait(false) != greeting)
            await Task.Run(Warm).ConfigureAwait(false);
    }

    private static void Warm() =>
        new ScriptCompiler(References.Framework(Environment.Version), new ReferencedFiles(), hasLibrary: false)
            .Compile("Enumerable.Range(0, 3).Select(i => $\"{i}\").ToArray()");

    // While a person reads the first line.
    private void WarmCompletion()
    {
        foreach (string text in (string[])["Console.", "Op"])
            _ = Completion.At(_compiler!, text, text.Length).Items.Select(item => item.Description.Value).FirstOrDefault();
    }

    private async Task<bool> RunAsync(string text)
    {
        CompiledStatement statement = _compiler!.Compile(text);
        if (statement.Assembly.Length == 0)
        {
            _compiler.Accept(statement);
            return true;
        }

        Volatile.Write(ref _interrupts, 0);
        _isRunning = true;
        RunResult result;
        try
        {
            result = await _agent!.RunAsync(new RunRequest(
                ++_number, Terminals.Width, statement.Slot, statement.HasValue, statement.Type, statement.Assembly,
                statement.Symbols)).ConfigureAwait(false);
        }
        finally
        {
            _isRunning = false;
        }

        // The declarations of a failed statement exist in part at most.
        if (result.Outcome == RunOutcome.Done)
            _compiler.Accept(statement);
        if (result.Text.Length > 0)
            Say(result.Outcome == RunOutcome.Done ? result.Text : _colours.Error(result.Text));
        return result.Outcome == RunOutcome.Done;
    }

    private async Task DoAsync(string word, string argument)
    {
        if (word == Commands.Restart)
        {
            _agent!.Restart();
            _compiler!.Forget();
            await MeetAsync().ConfigureAwait(false);
            return;
        }

        string path = Path.GetFullPath(argument, Folders.Current);
        string? project = Environment.GetEnvironmentVariable("UIOINTEROP_GLOBALS");
        await File.WriteAllTextAsync(path, SavedProgram.Of(_compiler!.Accepted, _compiler.Usings, project)).ConfigureAwait(false);
        Say(_colours.Aside($"{path}: {_compiler.Accepted.Count} statements"));
    }

    private async Task ReplaceAsync()
    {
        _compiler!.Forget();
        try
        {
            // One that has taken the place of the other in the same process says so on the same line.
            await _agent!.Greeting.WaitAsync(s_helloAfter).ConfigureAwait(false);
        }
        catch (Exception error) when (error is TimeoutException or AgentLostException)
        {
            _agent!.Dispose();
            _agent = null;
        }

        await MeetAsync().ConfigureAwait(false);
    }

    private void Interrupt()
    {
        if (_agent is not { } agent)
            return;
        if (_isMeeting)
            agent.Abort();
        if (!_isRunning)
            return;
        if (Interlocked.Increment(ref _interrupts) == 1)
        {
            agent.Interrupt();
            return;
        }

        try
        {
            agent.Restart();
        }
        catch (AgentLostException)
        {
            // The agent is lost already: the pending calls report that.
        }
    }

    private void Say(string text) => _source.Write(text.EndsWith('\n') ? text : text + "\n");
}
