using System.Globalization;

namespace UioInterop.Machines.Running;

/// <summary>
/// How long the threads of a process were ready to run and waited for a processor: the second number of
/// /proc/PID/task/TID/schedstat, in nanoseconds (Documentation/scheduler/sched-stats.rst).
/// </summary>
internal sealed class ProcessorQueue
{
    private Dictionary<string, TimeSpan> _last = [];

    /// <summary>The longest wait of one thread since the last call. A thread that is new has not waited.</summary>
    public TimeSpan LongestWait(Dictionary<string, TimeSpan> waits)
    {
        var longest = waits.Select(wait => wait.Value - _last.GetValueOrDefault(wait.Key, wait.Value)).Append(TimeSpan.Zero).Max();
        _last = waits;
        return longest;
    }

    /// <summary>What each thread has waited so far; nothing where the kernel does not tell, or the process is gone.</summary>
    public static Dictionary<string, TimeSpan> Read(int process)
    {
        var waits = new Dictionary<string, TimeSpan>();
        try
        {
            foreach (var thread in Directory.GetDirectories($"/proc/{process}/task"))
                waits[Path.GetFileName(thread)] = Parse(File.ReadAllText(Path.Combine(thread, "schedstat")));
        }
        catch (IOException)
        {
            // It ends while it is looked at, or its kernel keeps no such statistics: the clock alone counts then.
        }
        return waits;
    }

    private static TimeSpan Parse(string text) =>
        TimeSpan.FromMicroseconds(long.Parse(text.Split(' ')[1], CultureInfo.InvariantCulture) / 1000);
}
