using System.Runtime.InteropServices;
using System.Text;

namespace UioInterop.Prompt.Agent;

/// <summary>
/// A new agent in place of this process, on the same line. A statement that nothing could end is gone with the process's memory.
/// The kernel closes the devices' files, and stops the devices that have a quiesce program.
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

    // execv(3) closes .NET's files; input, output and error stay open.
    [DllImport(
        "libc", EntryPoint = "execv", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Execute(string path, string?[] arguments);
}
