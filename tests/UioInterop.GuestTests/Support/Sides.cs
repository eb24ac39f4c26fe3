namespace UioInterop.GuestTests.Support;

/// <summary>Two sides of a transfer that run beside each other.</summary>
internal static class Sides
{
    /// <summary>Runs both to their ends. What fails on one side stops the other: both failures are told.</summary>
    public static async Task RunAsync(Func<Task> one, Func<Task> other)
    {
        var both = Task.WhenAll(Task.Run(one), Task.Run(other));
        await both.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (both.Exception is { } failures)
            throw failures;
    }
}
