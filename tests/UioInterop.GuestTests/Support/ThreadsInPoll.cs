using System.Runtime.InteropServices;

namespace UioInterop.GuestTests.Support;

/// <summary>Threads of this process that sleep in ppoll: proc(5), /proc/pid/syscall.</summary>
internal static class ThreadsInPoll
{
    private static readonly string s_ppoll = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "73 " : "271 ";

    public static int Count => Directory.GetDirectories("/proc/self/task").Count(IsInPoll);

    private static bool IsInPoll(string task)
    {
        try
        {
            return File.ReadAllText($"{task}/syscall").StartsWith(s_ppoll, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // it has ended
        }
    }
}
