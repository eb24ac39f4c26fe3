using System.Runtime.InteropServices;
using UioInterop.Prompt.Protocol;

namespace UioInterop.Prompt.Agent;

/// <summary>
/// Takes what the prompt sends, until the prompt is gone. This thread runs no statement, because it has to receive Ctrl-C.
/// </summary>
internal sealed class AgentLoop
{
    private readonly FrameWriter _writer;
    private readonly FrameReader _reader;
    private readonly MissingAssemblies _missing;
    private readonly Statements _statements;

    public AgentLoop(Stream input, Stream output)
    {
        _writer = new FrameWriter(output);
        // Whoever sent it will send it again.
        _reader = new FrameReader(input, _ => _writer.Send(FrameKind.Damaged));
        _missing = new MissingAssemblies(_writer);
        _statements = new Statements(_missing, result => _writer.Send(FrameKind.Result, result.ToBytes()));
    }

    public void Run()
    {
        Console.SetOut(new StreamWriter(new OutputFrames(_writer)) { AutoFlush = true });
        Console.SetError(Console.Out);
        Console.SetIn(TextReader.Null);
        Greet();
        try
        {
            while (_reader.Read() is { } frame)
                Handle(frame);
        }
        catch (IOException)
        {
            // The line is gone: as at its end.
        }

        Rest.CloseDevices();
        Environment.Exit(0);
    }

    private void Handle(Frame frame)
    {
        switch (frame.Kind)
        {
            case FrameKind.Hello:
                Greet();
                break;
            case FrameKind.Run:
                _statements.Run(RunRequest.From(frame.Payload));
                break;
            case FrameKind.Interrupt:
                _statements.Interrupt();
                break;
            case FrameKind.Restart:
                Restart.Now();
                break;
            case FrameKind.FileRequest:
                string name = FileRequest.From(frame.Payload).Name;
                _writer.Send(FrameKind.FileAnswer, new FileAnswer(name, OwnAssemblies.Read(name)).ToBytes());
                break;
            case FrameKind.FileAnswer:
                _missing.Take(FileAnswer.From(frame.Payload));
                break;
        }
    }

    private void Greet() => _writer.Send(FrameKind.Greeting, new Greeting(
        Greeting.Current, Environment.Version.ToString(), RuntimeInformation.RuntimeIdentifier,
        // Not the architecture's own name: an enumeration's text is compiled at run time.
        $"{Environment.MachineName}, {RuntimeInformation.OSDescription}, {RuntimeInformation.RuntimeIdentifier}",
        OwnAssemblies.List()).ToBytes());
}
