using System.Globalization;
using Spectre.Console;
using UioInterop.GuestProtocol;
using UioInterop.Harness.Machines;
using UioInterop.Harness.Reports;
using UioInterop.Harness.Running;

namespace UioInterop.Harness.Commands;

/// <summary>One line per test when it ends; at the end, once more what failed.</summary>
internal sealed class TestPrinter
{
    private readonly Lock _gate = new();
    private readonly HashSet<GuestTestName> _shown = [];
    private readonly List<TestEntry> _entries = [];

    /// <summary>Every test that has ended, in the order in which they did.</summary>
    public IReadOnlyList<TestEntry> Entries => _entries;

    /// <summary>Guest tests show up while the machine runs, not when the host's test asks for their result.</summary>
    public void OnGuest(Machine machine, GuestRecord record)
    {
        lock (_gate)
        {
            if (record is OutputRecord output)
                AnsiConsole.WriteLine($"        {output.Text}");
            if (record is ResultRecord result && _shown.Add(new GuestTestName(machine.Name, result.Test)))
                Show(new TestEntry(machine.Name, result.Test, result));
        }
    }

    public void OnHost(GuestRecord record)
    {
        lock (_gate)
        {
            if (record is not ResultRecord result)
                return;
            if (GuestTestName.Parse(result.Test) is not { } guest)
                Show(new TestEntry(GuestTestName.Host, result.Test, result));
            else if (_shown.Add(guest))
                Show(new TestEntry(guest.Machine, guest.Test, result with { Milliseconds = Besides(guest) }));
        }
    }

    /// <summary>The verdict of a machine that ran nothing but its own tests: what went wrong beside them is a failure, too.</summary>
    public void OnVerdict(RunReport report)
    {
        var why = string.Join('\n', [report.Verdict.ToString(), .. report.Verdict.Besides, $"Logs: {report.Directory}"]);
        Show(new TestEntry(report.Machine.Name, GuestTestName.VerdictOfRun, new ResultRecord(
            GuestTestName.VerdictOfRun, report.Verdict.IsGood ? TestOutcome.Passed : TestOutcome.Failed, Besides(report), why)));
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

    private void Show(TestEntry entry)
    {
        _entries.Add(entry);
        if (entry.Test != GuestTestName.VerdictOfRun)
            Phases.Add(entry.Machine == GuestTestName.Host ? Phases.HostTests : Phases.GuestTests, TimeSpan.FromSeconds(entry.Seconds));
        Print(entry);
    }

    // What a run took besides its tests is the verdict's: on the host that test has mostly waited for a machine.
    private static double Besides(GuestTestName name) =>
        name.Test == GuestTestName.VerdictOfRun && MachineRuns.Finished(name.Machine) is { } report ? Besides(report) : 0;

    private static double Besides(RunReport report) => Math.Max(
        0, report.Times.Total.TotalMilliseconds - report.Evidence.Records.OfType<ResultRecord>().Sum(result => result.Milliseconds));

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
