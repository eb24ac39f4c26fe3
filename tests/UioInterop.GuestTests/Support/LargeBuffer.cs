namespace UioInterop.GuestTests.Support;

/// <summary>A buffer over 2 GiB on a machine with less memory: the same pages again and again.</summary>
internal static class LargeBuffer
{
    private const int Pieces = 1024; // udmabuf's list_limit

    /// <summary>How much memory there is. It repeats itself after that.</summary>
    public const int Period = 2112 << 10;

    public const long Length = (long)Pieces * Period;

    public static DmaBuf Create() => ListedBuffer.Create(Period, [.. Enumerable.Repeat((0, Period), Pieces)]);
}
