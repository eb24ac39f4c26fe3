using System.Runtime.InteropServices;

namespace UioInterop.GuestTests.Support;

/// <summary>Threads of this process that sleep in poll or ppoll: proc(5), /proc/pid/syscall.</summary>
internal static class ThreadsInPoll
{
    private static readonly string[] s_calls = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? ["73 "] : ["7 ", "271 "];

    public static int Count => Directory.GetDirectories("/proc/self/task").Count(IsInPoll);

    private static bool IsInPoll(string task)
    {
        try
        {
            var call = File.ReadAllText($"{task}/syscall");
            return s_calls.Any(number => call.StartsWith(number, StringComparison.Ordinal));
        }
        catch (IOException)
        {
            return false; // it has ended
        }
    }
}
