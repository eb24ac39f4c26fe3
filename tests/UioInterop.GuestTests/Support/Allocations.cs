namespace UioInterop.GuestTests.Support;

/// <summary>What the whole process allocates on the managed heap.</summary>
internal static class Allocations
{
    /// <summary>The bytes that the action allocates when it is run after it has run before.</summary>
    public static long Of(Action action)
    {
        action();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        action();
        return GC.GetTotalAllocatedBytes(precise: true) - before;
    }
}
