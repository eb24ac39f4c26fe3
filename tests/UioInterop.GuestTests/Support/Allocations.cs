using System.Diagnostics;

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

    /// <summary>
    /// Runs an action until it has allocated less than is allowed. Whatever else runs meanwhile can only add to bytes and time, so one
    /// quiet run is proof. Returns the shortest time.
    /// </summary>
    /// <param name="action">The action.</param>
    /// <param name="transfers">How many transfers it makes; the smallest object has 24 bytes.</param>
    public static async Task<TimeSpan> AssertNoneAsync(Func<Task> action, int transfers)
    {
        const int Attempts = 20, ForTheTime = 3;
        await action();
        var (least, shortest) = (long.MaxValue, TimeSpan.MaxValue);
        for (var i = 0; i < Attempts && (i < ForTheTime || least >= 24 * transfers); i++)
        {
            var (before, start) = (GC.GetTotalAllocatedBytes(precise: true), Stopwatch.GetTimestamp());
            await action();
            var took = Stopwatch.GetElapsedTime(start);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
            shortest = took < shortest ? took : shortest;
        }

        Assert.That(least, Is.LessThan(24 * transfers));
        return shortest;
    }
}
