using System.Globalization;

namespace UioInterop.RegisterProbe;

/// <summary>What the program found out about its own code.</summary>
/// <param name="AtRunTime">How many methods were compiled while the cases ran.</param>
/// <param name="Tiered">Whether the first of these were without optimisation.</param>
public readonly record struct HowCompiled(int AtRunTime, bool Tiered)
{
    public static HowCompiled Parse(string text) =>
        text.Split(' ') is [var count, var tiered]
            ? new HowCompiled(int.Parse(count, CultureInfo.InvariantCulture), bool.Parse(tiered))
            : throw new FormatException($"not two words: {text}");

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{AtRunTime} {Tiered}");
}
