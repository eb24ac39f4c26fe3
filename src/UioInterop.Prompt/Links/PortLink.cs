using System.Diagnostics;

namespace UioInterop.Prompt.Links;

/// <summary>A serial port, without echo or line editing.</summary>
internal sealed class PortLink : Link
{
    private readonly FileStream _port;

    public PortLink(string path, int baud)
    {
        using (Process stty = Process.Start("stty", ["-F", path, $"{baud}", "raw", "-echo", "clocal"]))
        {
            stty.WaitForExit();
            if (stty.ExitCode != 0)
                throw new PromptException($"{path} cannot be set to {baud} baud: stty has said why.");
        }

        _port = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
    }

    public override Stream FromAgent => _port;

    public override Stream ToAgent => _port;

    public override string WhyEnded() => $"{_port.Name} has ended";

    // A port has no end: the agent stays, and greets the next prompt.
    public override void Close() { }

    public override void Dispose() => _port.Dispose();
}
