namespace UioInterop.GuestTests.Support;

/// <summary>The garbage collector, run until nothing is left to finalize.</summary>
internal static class Collector
{
    public static void Run()
    {
        for (var i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
