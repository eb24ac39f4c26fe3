namespace UioInterop.GuestTests.Support;

/// <summary>How long a test waits for what has to come. On a busy host a guest gets a tenth of a processor; the harness gives up on one that is silent for a minute.</summary>
internal static class Bound
{
    public static TimeSpan Long { get; } = TimeSpan.FromSeconds(50);
}
