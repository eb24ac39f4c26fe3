namespace UioInterop.Demo;

/// <summary>How long the demo waits.</summary>
internal static class Bound
{
    /// <summary>For an event that has to come: an emulator on a busy host stands still for seconds.</summary>
    public static TimeSpan OfWait { get; } = TimeSpan.FromSeconds(50);
}
