using System.Globalization;

namespace UioInterop.Tool.Output;

/// <summary>Lengths for people.</summary>
internal static class Sizes
{
    private static readonly string[] s_units = ["bytes", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>In the largest unit of which it is a whole number.</summary>
    public static string Of(long length)
    {
        int unit = 0;
        while (length != 0 && length % 1024 == 0 && unit < s_units.Length - 1)
        {
            length /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{length} {s_units[unit]}");
    }
}
