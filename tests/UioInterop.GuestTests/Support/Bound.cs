namespace UioInterop.GuestTests.Support;

/// <summary>
/// How long a test waits for what has to come. On a busy host a guest gets a tenth of a processor. The harness gives up on a
/// guest that is silent for a minute, and then nobody says what was waited for.
/// </summary>
internal static class Bound
{
    public static TimeSpan Long { get; } = TimeSpan.FromMilliseconds(LongMilliseconds);

    /// <summary>The same for NUnit's <c>After</c>.</summary>
    public const int LongMilliseconds = 50_000;
}
