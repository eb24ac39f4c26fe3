using System.Text;
using UioInterop.Prompt.Links;
using UioInterop.Prompt.Protocol;

namespace UioInterop.Prompt;

/// <summary>The agent, as seen from here: what it is asked, and what it answers. A frame that a line has damaged is sent again.</summary>
internal sealed class AgentConnection : IDisposable
{
    private static readonly TimeSpan s_togetherWithin = TimeSpan.FromMilliseconds(100);

    // Protects what is below it.
    private readonly Lock _gate = new();
    private readonly Dictionary<string, TaskCompletionSource<byte[]>> _files = [];
    private TaskCompletionSource<Greeting> _greeting = NewSource<Greeting>();
    private TaskCompletionSource<RunResult>? _result;
    private RunRequest? _running;
    private bool _isDue; // outstanding requests are about to be sent again
    private string? _ended;
    private volatile bool _isDisposed; // without the lock

    private readonly Link _link;
    private readonly FrameWriter _writer;
    private readonly Action<string> _onText;
    private readonly Func<string, byte[]> _findFile;
    private readonly Decoder _text = Encoding.UTF8.GetDecoder(), _otherText = Encoding.UTF8.GetDecoder();

    /// <param name="link">The line to it.</param>
    /// <param name="onText">Gets what statements print, and what comes beside the frames.</param>
    /// <param name="findFile">Finds an assembly that the agent lacks; empty for none.</param>
    public AgentConnection(Link link, Action<string> onText, Func<string, byte[]> findFile)
    {
        _link = link;
        _writer = new FrameWriter(link.ToAgent);
        _onText = onText;
        _findFile = findFile;
        new Thread(Read) { IsBackground = true, Name = "agent" }.Start();
    }

    /// <summary>Who it is. Completes when it has started, and fails with <see cref="AgentLostException"/>.</summary>
    public Task<Greeting> Greeting
    {
        get
        {
            lock (_gate)
                return _greeting.Task;
        }
    }

    /// <summary>Asks who it is: an agent on a port may have started earlier.</summary>
    public void SayHello() => Send(FrameKind.Hello, []);

    /// <summary>Runs a statement.</summary>
    public Task<RunResult> RunAsync(RunRequest request)
    {
        Task<RunResult> result;
        lock (_gate)
        {
            ThrowIfEnded();
            _running = request;
            _result = NewSource<RunResult>();
            result = _result.Task;
        }

        Send(FrameKind.Run, request.ToBytes());
        return result;
    }

    /// <summary>Gets an assembly of the agent's; empty when it has none of this name.</summary>
    public Task<byte[]> GetFileAsync(string name)
    {
        var source = NewSource<byte[]>();
        lock (_gate)
        {
            ThrowIfEnded();
            _files[name] = source;
        }

        Send(FrameKind.FileRequest, new FileRequest(name).ToBytes());
        return source.Task;
    }

    /// <summary>Ends the statement that runs.</summary>
    public void Interrupt() => Send(FrameKind.Interrupt, []);

    /// <summary>Starts a new agent in place of this one. <see cref="Greeting"/> is the new one's.</summary>
    public void Restart()
    {
        TaskCompletionSource<RunResult>? result;
        lock (_gate)
        {
            ThrowIfEnded();
            _greeting = NewSource<Greeting>();
            result = _result;
            _running = null;
            _result = null;
        }

        Send(FrameKind.Restart, []);
        result?.TrySetException(new AgentLostException("a new agent takes its place"));
    }

    /// <summary>Ends the line at once, before there is an agent.</summary>
    public void Abort() => _link.Abort();

    public void Dispose()
    {
        _isDisposed = true;
        try
        {
            _link.Close();
        }
        catch (IOException)
        {
            // It was gone before.
        }

        _link.Dispose();
    }

    private static TaskCompletionSource<T> NewSource<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void ThrowIfEnded()
    {
        if (_ended is not null)
            throw new AgentLostException(_ended);
    }

    private void Send(FrameKind kind, byte[] payload)
    {
        try
        {
            _writer.Send(kind, payload);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The reader hears of it as well, and says what has ended.
        }
    }

    private void Read()
    {
        string why;
        try
        {
            var reader = new FrameReader(_link.FromAgent, OnOther);
            while (reader.Read() is { } frame)
                Handle(frame);
            why = _link.WhyEnded();
        }
        catch (Exception error) when (_isDisposed || error is IOException or InvalidDataException)
        {
            why = error.Message;
        }

        End(why);
    }

    private void End(string why)
    {
        Task[] all;
        lock (_gate)
        {
            _ended = why;
            var lost = new AgentLostException(why);
            _greeting.TrySetException(lost);
            _result?.TrySetException(lost);
            foreach (var file in _files.Values)
                file.TrySetException(lost);
            all = [_greeting.Task, .. _result is null ? Array.Empty<Task>() : [_result.Task], .. _files.Values.Select(file => file.Task)];
        }

        // Nobody may ask any more.
        foreach (Task task in all)
            _ = task.Exception;
    }

    private void Handle(Frame frame)
    {
        switch (frame.Kind)
        {
            case FrameKind.Greeting:
                var greeting = Protocol.Greeting.From(frame.Payload);
                lock (_gate)
                    _greeting.TrySetResult(greeting);
                break;
            case FrameKind.Output:
                OnText(_text, frame.Payload.Span);
                break;
            case FrameKind.Result:
                OnResult(RunResult.From(frame.Payload));
                break;
            case FrameKind.FileRequest:
                string name = FileRequest.From(frame.Payload).Name;
                Send(FrameKind.FileAnswer, new FileAnswer(name, _findFile(name)).ToBytes());
                break;
            case FrameKind.FileAnswer:
                var answer = FileAnswer.From(frame.Payload);
                lock (_gate)
                {
                    if (_files.Remove(answer.Name, out var source))
                        source.TrySetResult(answer.Content.ToArray());
                }

                break;
            case FrameKind.Damaged:
                SendAgain();
                break;
        }
    }

    private void OnResult(RunResult result)
    {
        lock (_gate)
        {
            if (_running?.Number != result.Number)
                return;
            _running = null;
            _result?.TrySetResult(result);
            _result = null;
        }
    }

    private void OnText(Decoder decoder, ReadOnlySpan<byte> bytes)
    {
        var characters = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length)];
        int count = decoder.GetChars(bytes, characters, flush: false);
        if (count > 0)
            _onText(new string(characters, 0, count));
    }

    // A runtime's last words, or a damaged frame, which may have been the answer that we wait for.
    private void OnOther(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IndexOfAnyExceptInRange((byte)0x09, (byte)0x7e) < 0)
            OnText(_otherText, bytes);
        SendAgain();
    }

    private void SendAgain()
    {
        lock (_gate)
        {
            if (_isDue)
                return;
            _isDue = true;
        }

        // Once for all frames that were damaged together.
        _ = Task.Delay(s_togetherWithin).ContinueWith(_ => SendAgainNow(), TaskScheduler.Default);
    }

    private void SendAgainNow()
    {
        RunRequest? request;
        string[] files;
        lock (_gate)
        {
            _isDue = false;
            if (_ended is not null)
                return;
            request = _running;
            files = [.. _files.Keys];
        }

        if (request is not null)
            Send(FrameKind.Run, request.ToBytes());
        foreach (string name in files)
            Send(FrameKind.FileRequest, new FileRequest(name).ToBytes());
    }
}
