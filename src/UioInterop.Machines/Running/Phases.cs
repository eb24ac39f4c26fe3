using System.Collections.Concurrent;
using System.Diagnostics;
using UioInterop.Machines.Guests;

namespace UioInterop.Machines.Running;

/// <summary>Where the time of a run goes. Phases overlap: their times together are more than the clock says.</summary>
internal static class Phases
{
    public const string Kernels = "kernels";
    public const string Publishing = "publish";
    public const string Initramfs = "initramfs";
    public const string Machines = "machines, QEMU's start to end";
    public const string Boots = "of that boots, until the first test";

    private static readonly ConcurrentDictionary<string, TimeSpan> s_times = new();

    /// <summary>By phase.</summary>
    public static IReadOnlyDictionary<string, TimeSpan> Times => s_times;

    public static void Add(string phase, TimeSpan time) => s_times.AddOrUpdate(phase, time, (_, sum) => sum + time);

    /// <summary>Adds the time until what it returns is disposed.</summary>
    public static IDisposable Measure(string phase) => new Measurement(phase, Stopwatch.GetTimestamp());

    private sealed class Measurement(string phase, long start) : IDisposable
    {
        public void Dispose() => Add(phase, Stopwatch.GetElapsedTime(start));
    }
}
