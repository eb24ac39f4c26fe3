using System.Globalization;
using Spectre.Console;
using UioInterop.Harness.Running;
using UioInterop.Machines;
using UioInterop.Machines.Reports;
using UioInterop.Machines.Running;

namespace UioInterop.Harness.Reports;

/// <summary>What was slow, for a person: the longest entries, and the time of each phase.</summary>
internal static class TimeReport
{
    private const int Longest = 10;

    public static void Show(IReadOnlyList<TestEntry> entries, TimeSpan all)
    {
        var last = Durations.Last();
        var units = Durations.Of(entries);
        var tests = entries.Where(entry => entry.Test != TestEntry.VerdictOfRun).ToArray();
        var slowest = new Table().Border(TableBorder.None).AddColumns("slowest", "seconds", "the run before");
        slowest.Columns[1].RightAligned();
        slowest.Columns[2].RightAligned();
        foreach (var (unit, seconds) in units.OrderByDescending(unit => unit.Value).Take(Longest))
            slowest.AddRow(Markup.Escape(unit), Text(seconds), last.TryGetValue(unit, out var before) ? Text(before) : "");
        var phases = new Table().Border(TableBorder.None).AddColumns("phase", "seconds");
        phases.Columns[1].RightAligned();
        var times = Phases.Times.Select(phase => (Name: phase.Key, Seconds: phase.Value.TotalSeconds))
            .Append((Name: "of that guest tests", Seconds: Sum(tests.Where(test => test.Machine != GuestTestName.Host))))
            .Append((Name: "host tests", Seconds: Sum(tests.Where(test => test.Machine == GuestTestName.Host))));
        foreach (var (name, seconds) in times.OrderBy(phase => phase.Name, StringComparer.Ordinal))
            phases.AddRow(Markup.Escape(name), Text(seconds));
        phases.AddRow("all of it, by the clock", Text(all.TotalSeconds));
        AnsiConsole.Write(slowest);
        AnsiConsole.WriteLine();
        AnsiConsole.Write(phases);
        AnsiConsole.WriteLine();
    }

    private static double Sum(IEnumerable<TestEntry> tests) => tests.Sum(test => test.Seconds);

    private static string Text(double seconds) => seconds.ToString("0.0", CultureInfo.InvariantCulture);
}
