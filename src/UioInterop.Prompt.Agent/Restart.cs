using System.Runtime.InteropServices;
using System.Text;

namespace UioInterop.Prompt.Agent;

/// <summary>
/// A new agent in place of this process, on the same line. What held out against everything ends with its memory; the kernel closes
/// the devices' files, and stops those that have a quiesce program.
/// </summary>
internal static class Restart
{
    public static void Now()
    {
        Rest.CloseDevices();
        string[] arguments = Encoding.UTF8.GetString(File.ReadAllBytes("/proc/self/cmdline")).TrimEnd('\0').Split('\0');
        _ = Execute(Environment.ProcessPath!, [.. arguments, null]);
        Console.WriteLine($"There is no new agent: errno {Marshal.GetLastPInvokeError()} from execv.");
        Environment.Exit(1);
    }

    // execv(3): the files of .NET are closed by it, input, output and error stay.
    [DllImport(
        "libc", EntryPoint = "execv", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Execute(string path, string?[] arguments);
}
