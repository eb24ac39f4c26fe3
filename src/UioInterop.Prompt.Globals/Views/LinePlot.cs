using System.Globalization;
using System.Text;

namespace UioInterop.Prompt.Views;

/// <summary>Numbers as a line of blocks, from left to right: each column shows its highest and its lowest number.</summary>
internal static class LinePlot
{
    private const string Blocks = "▁▂▃▄▅▆▇█";

    /// <summary>The numbers in one line of text.</summary>
    public static string Spark(ReadOnlySpan<double> values, int width)
    {
        (double low, double high) = RangeOf(values);
        var text = new StringBuilder();
        foreach (var (_, top) in Columns(values, width))
            text.Append(double.IsFinite(top) ? Blocks[Level(top, low, high, Blocks.Length)] : ' ');
        return text.ToString();
    }

    /// <summary>The numbers in several lines, with the scale beside them.</summary>
    public static string Of(ReadOnlySpan<double> values, int width, int height)
    {
        (double low, double high) = RangeOf(values);
        if (values.IsEmpty || !double.IsFinite(low))
            return "nothing to plot";

        string top = Number(high), bottom = Number(low);
        int margin = Math.Max(top.Length, bottom.Length);
        (double Low, double High)[] columns = Columns(values, Math.Max(8, width - margin - 3));
        var text = new StringBuilder();
        for (int row = height - 1; row >= 0; row--)
        {
            text.Append((row == height - 1 ? top : row == 0 ? bottom : "").PadLeft(margin)).Append(" ┤");
            foreach (var (from, to) in columns)
                text.Append(Cell(from, to, low, high, row, height));
            text.Append('\n');
        }

        return text.Append(' ', margin + 2).Append(CultureInfo.InvariantCulture, $"0 to {values.Length - 1}").ToString();
    }

    public static (double Low, double High) RangeOf(ReadOnlySpan<double> values)
    {
        double low = double.PositiveInfinity, high = double.NegativeInfinity;
        foreach (double value in values)
        {
            if (!double.IsFinite(value))
                continue;
            low = Math.Min(low, value);
            high = Math.Max(high, value);
        }

        return (low, high);
    }

    public static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    private static char Cell(double from, double to, double low, double high, int row, int height)
    {
        if (!double.IsFinite(to))
            return ' ';
        int steps = height * Blocks.Length, first = Level(from, low, high, steps), last = Level(to, low, high, steps);
        int bottom = row * Blocks.Length;
        return last < bottom || first >= bottom + Blocks.Length ? ' ' : Blocks[Math.Min(last - bottom, Blocks.Length - 1)];
    }

    private static int Level(double value, double low, double high, int levels) =>
        high > low ? (int)Math.Clamp((value - low) / (high - low) * levels, 0, levels - 1) : levels / 2;

    private static (double Low, double High)[] Columns(ReadOnlySpan<double> values, int width)
    {
        int count = Math.Min(values.Length, Math.Max(1, width));
        var columns = new (double, double)[count];
        for (int i = 0; i < count; i++)
        {
            int from = (int)((long)i * values.Length / count), to = (int)((i + 1L) * values.Length / count);
            columns[i] = RangeOf(values[from..to]);
        }

        return columns;
    }
}
