using System.ComponentModel;
using System.Diagnostics;

namespace UioInterop.Prompt.Links;

/// <summary>A command whose input and output are the agent's: ssh, or what boots a machine.</summary>
internal sealed class CommandLink : Link
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly string _name;
    private volatile string _lastWords = "";

    /// <param name="command">The command and its arguments.</param>
    /// <param name="ownSession">Whether the terminal's Ctrl-C is to be kept from it.</param>
    /// <param name="onWords">Gets each line of its error output.</param>
    public CommandLink(IReadOnlyList<string> command, bool ownSession, Action<string> onWords)
    {
        _name = Path.GetFileName(command[0]);
        string[] all = [.. ownSession ? new[] { "setsid" } : [], .. command];

        // All three: with one of them left, .NET would give the terminal's keys back to the command.
        var start = new ProcessStartInfo(all[0], all[1..])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        try
        {
            _process = Process.Start(start)!;
        }
        catch (Win32Exception error)
        {
            throw new PromptException($"{all[0]} cannot be started: {error.Message}");
        }

        _process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is not { Length: > 0 } words)
                return;
            _lastWords = words;
            onWords(words);
        };
        _process.BeginErrorReadLine();
    }

    public override Stream FromAgent => _process.StandardOutput.BaseStream;

    public override Stream ToAgent => _process.StandardInput.BaseStream;

    public override string WhyEnded() => HasEnded()
        ? $"{_name} has ended with exit code {_process.ExitCode}{(_lastWords.Length > 0 ? $", its last words: {_lastWords}" : "")}"
        : $"{_name} has closed its output";

    // The command may be building a kernel, and not react.
    public override void Abort() => _process.Kill(entireProcessTree: true);

    public override void Dispose()
    {
        if (!HasEnded())
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    // Its error output may come to its end later than the command, and later than what the agent sends.
    private bool HasEnded()
    {
        _process.WaitForExitAsync().Wait(s_patience);
        return _process.HasExited;
    }
}
