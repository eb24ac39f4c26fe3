namespace UioInterop.RegisterProbe;

/// <summary>Writes that part the trace into cases: the case's number before it, <see cref="End"/> after it.</summary>
public static class Marker
{
    /// <summary>Where edu has nothing, and no case goes.</summary>
    public const int Offset = 0xf000;

    public const uint End = uint.MaxValue;

    public static Access Write { get; } = new(true, Offset, sizeof(uint));
}
