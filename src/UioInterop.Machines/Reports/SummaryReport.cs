using System.Globalization;
using System.Text;
using UioInterop.Machines.Protocol;
using UioInterop.Machines.Running;

namespace UioInterop.Machines.Reports;

/// <summary>The results as a table in Markdown, which CI systems show on a run's page, and below it what failed.</summary>
internal static class SummaryReport
{
    public static string Of(IReadOnlyList<TestEntry> entries)
    {
        var text = new StringBuilder("| machine | passed | failed | skipped | seconds |\n|---|--:|--:|--:|--:|\n");
        foreach (var machine in entries.GroupBy(entry => entry.Machine))
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {machine.Key} | {Count(machine, TestOutcome.Passed)} | {Count(machine, TestOutcome.Failed)} | "
                    + $"{Count(machine, TestOutcome.Skipped)} | {machine.Sum(entry => entry.Seconds):0} |\n");
        foreach (var failed in entries.Where(entry => entry.Result.Outcome == TestOutcome.Failed))
            text.Append(CultureInfo.InvariantCulture, $"\n**{failed.Machine}** `{failed.Test}`\n\n{Indented(failed.Result.Message)}\n");
        return text.ToString();
    }

    private static int Count(IEnumerable<TestEntry> entries, TestOutcome outcome) =>
        entries.Count(entry => entry.Result.Outcome == outcome);

    // Four blanks make it a block that shows as it is.
    private static string Indented(string? message) =>
        string.Join('\n', (message ?? "").Split('\n').Select(line => $"    {line.TrimEnd()}"));
}
