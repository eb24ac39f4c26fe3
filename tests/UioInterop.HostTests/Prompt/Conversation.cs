using System.Text;
using UioInterop.Prompt;
using UioInterop.Prompt.Links;
using UioInterop.Prompt.Terminal;

namespace UioInterop.HostTests.Prompt;

/// <summary>A prompt in this process, whose compiler is warm, with an agent in a process of its own.</summary>
/// <param name="statements">What is typed; it may wait for what happens.</param>
internal sealed class Conversation(IEnumerable<string> statements) : IStatementSource
{
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(5);

    private readonly IEnumerator<string> _statements = statements.GetEnumerator();
    private readonly StringBuilder _output = new();
    private readonly Lock _gate = new();
    private readonly List<(string Text, TaskCompletionSource Source)> _awaited = [];
    private Action _onInterrupt = () => { };

    public bool IsInteractive { get; init; }

    public Action OnInterrupt { set => _onInterrupt = value; }

    public string Output
    {
        get
        {
            lock (_gate)
                return _output.ToString();
        }
    }

    /// <summary>What is typed, and all that was shown.</summary>
    public static async Task<(int Code, string Output)> RunAsync(params string[] statements)
    {
        var conversation = new Conversation(statements);
        return (await conversation.RunAsync(), conversation.Output);
    }

    public async Task<int> RunAsync(string[]? agent = null, Func<Link, Link>? change = null)
    {
        Link Connect() => new CommandLink(agent ?? PromptProcess.AgentHere, ownSession: false, Write);
        using var session = new PromptSession(() => change?.Invoke(Connect()) ?? Connect(), this, new Colours(areOn: false));
        return await session.RunAsync().WaitAsync(s_longest);
    }

    /// <summary>Waits until a text has been shown.</summary>
    public Task ShownAsync(string text)
    {
        lock (_gate)
        {
            if (_output.ToString().Contains(text, StringComparison.Ordinal))
                return Task.CompletedTask;
            var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaited.Add((text, source));
            return source.Task.WaitAsync(s_longest);
        }
    }

    /// <summary>Ctrl-C.</summary>
    public void Interrupt() => _onInterrupt();

    public string? Read() => _statements.MoveNext() ? _statements.Current : null;

    public void Write(string text)
    {
        lock (_gate)
        {
            _output.Append(text);
            string all = _output.ToString();
            foreach (var (_, source) in _awaited.Where(one => all.Contains(one.Text, StringComparison.Ordinal)))
                source.TrySetResult();
        }
    }
}
