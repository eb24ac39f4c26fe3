using System.ComponentModel;
using System.Runtime.InteropServices;
using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>Threads that share one processor, so that one can keep the other from running.</summary>
internal static unsafe class Processor
{
    private static readonly int s_setScheduler = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 119 : 144;

    /// <summary>
    /// Starts a thread on the machine's first processor. One that is ahead runs before all others there, for as long as
    /// it does not sleep: sched(7), SCHED_FIFO.
    /// </summary>
    public static Thread Run(Action action, bool ahead = false)
    {
        var thread = new Thread(() =>
        {
            cpu_set_t first;
            LibC.CPU_ZERO(&first);
            LibC.CPU_SET(0, &first);
            Check(LibC.sched_setaffinity(0, sizeof(cpu_set_t), &first));
            var priority = 1;
            if (ahead)
                Check((int)LibC.syscall(s_setScheduler, 0, LibC.SCHED_FIFO, &priority));
            action();
        });
        thread.Start();
        return thread;
    }

    private static void Check(int result)
    {
        if (result < 0)
            throw new Win32Exception(LibC.errno);
    }
}
