using System.Globalization;
using System.Text;

namespace UioInterop.Prompt.Views;

/// <summary>Bytes, 16 a line, with their offset and as characters.</summary>
internal static class HexDump
{
    private const int PerLine = 16;

    public static string Of(ReadOnlySpan<byte> bytes, long offset)
    {
        var text = new StringBuilder();
        for (int i = 0; i < bytes.Length; i += PerLine)
        {
            ReadOnlySpan<byte> line = bytes[i..Math.Min(bytes.Length, i + PerLine)];
            text.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? "" : "\n")}{offset + i:x8} ");
            for (int j = 0; j < PerLine; j++)
                text.Append(j % 8 == 0 ? " " : "")
                    .Append(j < line.Length ? line[j].ToString("x2", CultureInfo.InvariantCulture) : "  ").Append(' ');
            text.Append(' ');
            foreach (byte value in line)
                text.Append(value is >= 0x20 and < 0x7f ? (char)value : '.');
        }

        return text.ToString();
    }
}
