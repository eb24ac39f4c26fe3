using System.Globalization;
using Spectre.Console;
using UioInterop.GuestProtocol;
using UioInterop.Harness.Machines;
using UioInterop.Harness.Running;

namespace UioInterop.Harness.Commands;

/// <summary>One line per test when it ends; at the end, once more what failed.</summary>
internal sealed class TestPrinter
{
    private readonly Lock _gate = new();
    private readonly HashSet<GuestTestName> _shown = [];
    private readonly List<Action> _failures = [];

    /// <summary>Guest tests show up while the machine runs, not when the host's test asks for their result.</summary>
    public void OnGuest(Machine machine, GuestRecord record)
    {
        lock (_gate)
        {
            if (record is OutputRecord output)
                AnsiConsole.WriteLine($"        {output.Text}");
            if (record is ResultRecord result && _shown.Add(new GuestTestName(machine.Name, result.Test)))
                Show(machine.Name, result.Test, result);
        }
    }

    public void OnHost(GuestRecord record)
    {
        lock (_gate)
        {
            if (record is not ResultRecord result)
                return;
            var guest = GuestTestName.Parse(result.Test);
            if (guest is null || _shown.Add(guest))
                Show(guest?.Machine ?? GuestTestName.Host, guest?.Test ?? result.Test, result);
        }
    }

    public void Summarise()
    {
        if (_failures.Count > 0)
            AnsiConsole.MarkupLine("\n[red]Failed:[/]");
        foreach (var failure in _failures)
            failure();
        AnsiConsole.WriteLine();
    }

    private void Show(string machine, string test, ResultRecord result)
    {
        void Print() => PrintLine(machine, test, result);
        Print();
        if (result.Outcome == TestOutcome.Failed)
            _failures.Add(Print);
    }

    private static void PrintLine(string machine, string test, ResultRecord result)
    {
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
