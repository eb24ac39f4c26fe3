using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace UioInterop;

/// <summary>The end of a running timeout, for a wait of several steps.</summary>
/// <remarks>A value: nothing is allocated for it. The default one is over.</remarks>
/// <example>
/// <code>
/// var deadline = new Deadline(timeout);
/// while (device.TryWaitForInterrupt(deadline.Remaining, out _))
/// {
///     if (registers.Read(Status) == Done)
///         return true;
/// }
/// </code>
/// </example>
public readonly record struct Deadline
{
    // A longer one could not be rounded up.
    private static readonly TimeSpan Longest = TimeSpan.MaxValue - TimeSpan.FromMilliseconds(1);

    private readonly long _start;

    /// <summary>Starts the clock.</summary>
    /// <param name="timeout">How long from now on; zero is over at once, <see cref="Timeout.InfiniteTimeSpan"/> never.</param>
    /// <param name="name">What the caller calls it; left out.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, and not <see cref="Timeout.InfiniteTimeSpan"/>.</exception>
    public Deadline(TimeSpan timeout, [CallerArgumentExpression(nameof(timeout))] string? name = null)
    {
        ThrowIfNoTimeout(timeout, name);
        _start = Stopwatch.GetTimestamp();
        After = timeout;
    }

    /// <summary>The timeout.</summary>
    public TimeSpan After { get; }

    /// <summary>What is left of it: never negative, except for <see cref="Timeout.InfiniteTimeSpan"/>.</summary>
    public TimeSpan Remaining
    {
        get
        {
            if (After == Timeout.InfiniteTimeSpan)
                return After;

            TimeSpan remaining = After - Stopwatch.GetElapsedTime(_start);
            return remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
        }
    }

    /// <summary>Whether nothing is left.</summary>
    public bool IsOver => Remaining == TimeSpan.Zero;

    /// <summary>
    /// <see cref="Remaining"/>, or less: for loops that poll, and for waits with an upper limit. In whole milliseconds, rounded up:
    /// many waits cut off fractions, and would not wait at all.
    /// </summary>
    /// <param name="longest">How long at most; <see cref="Timeout.InfiniteTimeSpan"/> sets no limit.</param>
    public TimeSpan RemainingAtMost(TimeSpan longest)
    {
        TimeSpan remaining = Remaining;
        if (remaining == Timeout.InfiniteTimeSpan)
            return longest;
        if (longest != Timeout.InfiniteTimeSpan && longest < remaining)
            return longest;

        long rest = remaining.Ticks % TimeSpan.TicksPerMillisecond;
        return rest == 0 || remaining > Longest ? remaining : new TimeSpan(remaining.Ticks - rest + TimeSpan.TicksPerMillisecond);
    }

    /// <summary>A timeout that Monitor and its like can wait for at a time: they take less than 25 days.</summary>
    internal static TimeSpan AtMostADay(TimeSpan timeout) => timeout > TimeSpan.FromDays(1) ? TimeSpan.FromDays(1) : timeout;

    /// <summary>Refuses what is no timeout.</summary>
    internal static void ThrowIfNoTimeout(TimeSpan timeout, [CallerArgumentExpression(nameof(timeout))] string? name = null)
    {
        if (timeout < TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
            throw new ArgumentOutOfRangeException(name, timeout, "A timeout is not negative, or Timeout.InfiniteTimeSpan.");
    }
}
