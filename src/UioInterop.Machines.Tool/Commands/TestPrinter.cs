using System.Globalization;
using Spectre.Console;
using UioInterop.Machines.Protocol;
using UioInterop.Machines.Reports;
using UioInterop.Machines.Running;

namespace UioInterop.Machines.Tool.Commands;

/// <summary>One line per test when it ends; at the end, once more what failed.</summary>
internal sealed class TestPrinter
{
    private readonly Lock _gate = new();
    private readonly HashSet<(string Machine, string Test)> _shown = [];
    private readonly List<TestEntry> _entries = [];

    /// <summary>Every test that has ended, in the order in which they did.</summary>
    public IReadOnlyList<TestEntry> Entries => _entries;

    /// <summary>Guest tests show up while the machine runs.</summary>
    public void OnGuest(Machine machine, GuestRecord record)
    {
        lock (_gate)
        {
            if (record is OutputRecord output)
                AnsiConsole.WriteLine($"        {output.Text}");
            if (record is ResultRecord result)
                Show(new TestEntry(machine.Name, result.Test, result));
        }
    }

    /// <summary>Shows a test that has ended, once.</summary>
    public void Show(TestEntry entry)
    {
        lock (_gate)
        {
            if (!_shown.Add((entry.Machine, entry.Test)))
                return;
            _entries.Add(entry);
            Print(entry);
        }
    }

    /// <summary>The verdict of a machine that ran nothing but its own tests: what went wrong beside them is a failure, too.</summary>
    public void OnVerdict(RunReport report)
    {
        var why = string.Join('\n', [report.Verdict.ToString(), .. report.Verdict.Besides, $"Logs: {report.Directory}"]);
        Show(new TestEntry(report.Machine.Name, TestEntry.VerdictOfRun, new ResultRecord(
            TestEntry.VerdictOfRun, report.Verdict.IsGood ? TestOutcome.Passed : TestOutcome.Failed, report.MillisecondsBesideTests, why)));
    }

    public static string Totals(EndRecord end) =>
        string.Create(CultureInfo.InvariantCulture, $"{end.Passed} passed, {end.Failed} failed, {end.Skipped} skipped");

    public void Summarise()
    {
        var failed = _entries.Where(entry => entry.Result.Outcome == TestOutcome.Failed).ToArray();
        if (failed.Length > 0)
            AnsiConsole.MarkupLine("\n[red]Failed:[/]");
        foreach (var entry in failed)
            Print(entry);
        AnsiConsole.WriteLine();
    }

    private static void Print(TestEntry entry)
    {
        var (machine, test, result) = entry;
        var (word, colour) = result.Outcome switch
        {
            TestOutcome.Passed => ("passed ", "green"),
            TestOutcome.Failed => ("FAILED ", "red"),
            _ => ("skipped", "yellow"),
        };
        var time = result.Milliseconds.ToString("0", CultureInfo.InvariantCulture);
        AnsiConsole.MarkupInterpolated($"[{colour}]{word}[/]  {machine,-15} ");
        AnsiConsole.Profile.Out.Writer.WriteLine($"{test}  ({time} ms)");
        foreach (var line in Details(result))
            AnsiConsole.Profile.Out.Writer.WriteLine($"           {line}");
    }

    private static IEnumerable<string> Details(ResultRecord result) =>
        $"{result.Message}\n{(result.Outcome == TestOutcome.Failed ? result.Stack : "")}"
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            // Ten lines of NUnit's own calls say nothing about the test.
            .Where(line => !line.Contains("at NUnit.Framework.", StringComparison.Ordinal)
                && !line.Contains("at InvokeStub_", StringComparison.Ordinal))
            .Select(line => line.TrimEnd());
}
