using System.Reflection;
using System.Text;
using UioInterop.Machines.Protocol;

namespace UioInterop.TestRunner;

/// <summary>The whole of a guest's Program.cs: run what the kernel command line asks for, say how it went.</summary>
public static class GuestProgram
{
    /// <summary>Returns the exit code: 0 when no test failed.</summary>
    public static int Run(Assembly assembly)
    {
        var settings = GuestSettings.FromKernel();
        using var port = OpenPort(settings.ResultPort);
        var gate = new Lock();
        var tests = new TestAssembly(assembly);
        if (settings.Seed is { } seed)
            tests.Shuffle(seed);
        var end = tests.Run(settings.Machine, tests.List(settings.Filter), record =>
        {
            // Tests may announce from threads of their own.
            lock (gate)
                port.WriteLine(GuestRecordFormat.ToLine(record));
        });
        return end.Failed == 0 ? 0 : 1;
    }

    // init has put the port into raw mode. FileShare.ReadWrite, because others may not be locked out of a tty.
    private static StreamWriter OpenPort(string? path)
    {
        var stream = path is null
            ? Console.OpenStandardOutput()
            : new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        return new StreamWriter(stream, new UTF8Encoding(false)) { AutoFlush = true, NewLine = "\n" };
    }
}
