using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace UioInterop.Machines.Tool.Commands;

/// <summary>This command's terminal while another one, in a machine, sees each key, Ctrl-C among them.</summary>
internal sealed class RawTerminal : IDisposable
{
    private readonly string _before = Stty("-g");

    private RawTerminal()
    {
        // .NET sets the terminal when it first writes to it, and would do so after us.
        _ = Console.Out;
        // One that does not know its size says 0 0.
        Size = Stty("size").Split(' ') is [var lines, var columns] && lines != "0" && columns != "0" ? $"{columns}x{lines}" : "80x24";
        // Our own lines begin on the left.
        Stty("raw opost -echo");
    }

    /// <summary>Columns and lines.</summary>
    public string Size { get; }

    /// <summary>What is typed. The console's own stream reads lines, and sets the terminal for that.</summary>
    public Stream Keys { get; } = new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0);

    /// <summary>Null when there is none.</summary>
    public static RawTerminal? Take() => Console.IsInputRedirected || Console.IsOutputRedirected ? null : new RawTerminal();

    public void Dispose()
    {
        Keys.Dispose();
        Stty(_before);
    }

    // By its name, and with nothing of ours: after a child that has our terminal, .NET sets that as it was.
    private static string Stty(string settings)
    {
        using var stty = Process.Start(new ProcessStartInfo("stty", $"-F /dev/tty {settings}")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        string said = stty.StandardOutput.ReadToEnd();
        stty.WaitForExit();
        return said.Trim();
    }
}
