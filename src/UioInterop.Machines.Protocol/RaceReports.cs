using System.Text.RegularExpressions;

namespace UioInterop.Machines.Protocol;

/// <summary>
/// KCSAN's reports in a kernel log, of many lines each. One counts when a function of UIO is in it, which is a module on kernels
/// that report: the rest of the kernel has data races, too, and they are not for us to mend.
/// </summary>
public static partial class RaceReports
{
    /// <summary>The lines without those of reports that do not count.</summary>
    public static IEnumerable<T> WithoutForeign<T>(IEnumerable<T> lines, Func<T, string> text)
    {
        var report = new List<T>();
        foreach (var line in lines)
        {
            report.Add(line);
            if (IsUnfinished(report, text))
                continue;
            foreach (var counted in Counted(report, text))
                yield return counted;
            report.Clear();
        }
        // One that was cut off is not excused.
        foreach (var line in report)
            yield return line;
    }

    /// <summary>Whether the last report has no end yet.</summary>
    public static bool EndWithin<T>(IEnumerable<T> lines, Func<T, string> text)
    {
        var report = new List<T>();
        foreach (var line in lines)
        {
            report.Add(line);
            if (!IsUnfinished(report, text))
                report.Clear();
        }
        return report.Count > 0;
    }

    private static bool IsUnfinished<T>(List<T> lines, Func<T, string> text) =>
        Title().IsMatch(text(lines[0])) && !Edge().IsMatch(text(lines[^1]));

    // Into a report, another CPU's words may have come. Other reports have such edges, too, and more to say than that.
    private static IEnumerable<T> Counted<T>(List<T> lines, Func<T, string> text)
    {
        var isForeign = Title().IsMatch(text(lines[0])) && !lines.Any(line => OfUio().IsMatch(text(line)));
        var pattern = isForeign ? Part() : Edge();
        return lines.Where(line => !pattern.IsMatch(text(line)));
    }

    [GeneratedRegex("^={20,}$", RegexOptions.CultureInvariant)]
    private static partial Regex Edge();

    [GeneratedRegex("^BUG: KCSAN: ", RegexOptions.CultureInvariant)]
    private static partial Regex Title();

    [GeneratedRegex(@"^ \S+\+0x\S+ \[uio\w*\]", RegexOptions.CultureInvariant)]
    private static partial Regex OfUio();

    // Stack frames begin with a space. The last but one is dump_stack()'s.
    [GeneratedRegex(
        @"^(?:$| |={20,}$|BUG: KCSAN: |value changed: |Reported by Kernel Concurrency Sanitizer|.* of \d+ bytes by .* on cpu \d+:$|"
        + "(?:CPU|Tainted|Hardware name|Workqueue): )", RegexOptions.CultureInvariant)]
    private static partial Regex Part();
}
