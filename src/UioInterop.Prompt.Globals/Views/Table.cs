using System.Text;

namespace UioInterop.Prompt.Views;

/// <summary>Rows of text in columns.</summary>
internal static class Table
{
    public static string Of(IReadOnlyList<string[]> rows, string indent = "")
    {
        if (rows.Count == 0)
            return "";
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        return string.Join('\n', rows.Select(row => Line(row, widths, indent)));
    }

    private static string Line(string[] row, int[] widths, string indent)
    {
        var text = new StringBuilder(indent);
        for (int i = 0; i < row.Length; i++)
            text.Append(row[i].PadRight(widths[i] + 2));
        return text.ToString().TrimEnd();
    }
}
