using UioInterop.Machines.Protocol;

namespace UioInterop.Machines.Running;

/// <summary>The rules of the verdict, heaviest first. Each looks at the evidence and finds something, or nothing.</summary>
internal static class Findings
{
    private static readonly Func<Evidence, Verdict?>[] s_rules =
    [
        Panic, KernelWarning, QemuDied, NeverRan, Hang,
        // What follows is "failed", whichever it is.
        GarbledRecord, DifferentList, MissingEnd, MissingResult, FailedTest, NothingRan, WrongTotals, BadExit,
    ];

    public static IEnumerable<Verdict> In(Evidence evidence) =>
        s_rules.Select(rule => rule(evidence)).OfType<Verdict>();

    private static Verdict? Panic(Evidence evidence) =>
        evidence.Console.FirstOrDefault(line => KernelLogLine.Parse(line).IsPanic) is { } line
            ? new Verdict(Outcome.Panic, "The kernel panicked.", line)
            : null;

    /// <summary>Each announced line excuses one line with the same text, not all of them.</summary>
    private static Verdict? KernelWarning(Evidence evidence)
    {
        var excused = Of<AnnouncedRecord>(evidence)
            .SelectMany(record => record.Lines)
            .CountBy(line => line.TrimEnd())
            .ToDictionary();
        foreach (var line in RaceReports.WithoutForeign(evidence.Console, line => KernelLogLine.Parse(line).Text))
        {
            var entry = KernelLogLine.Parse(line);
            if (!entry.IsTrouble || entry.IsPanic || IsKnown(evidence, entry))
                continue;
            if (excused.GetValueOrDefault(entry.Text) == 0)
                return new Verdict(Outcome.KernelWarning, "The kernel warned, and no test had announced it.", line);
            excused[entry.Text]--;
        }
        return null;
    }

    private static Verdict? QemuDied(Evidence evidence) => evidence.Qemu switch
    {
        { KilledBecause: not null } or { ExitCode: 0 } => EndedWithoutGuest(evidence),
        { ExitCode: var code } => new Verdict(
            Outcome.QemuDied, $"QEMU ended with exit code {code}.", LastLine(evidence.Qemu.ErrorOutput)),
    };

    // A triple fault ends QEMU too, with exit code 0 and without a word.
    private static Verdict? EndedWithoutGuest(Evidence evidence) =>
        evidence.Qemu.KilledBecause is null && !Said(evidence, InitSays.PoweringOff)
            ? new Verdict(
                Outcome.QemuDied, "QEMU ended although the guest had not switched itself off.",
                LastOf(evidence.Console))
            : null;

    private static Verdict? NeverRan(Evidence evidence)
    {
        var began = evidence.Expected is null
            ? Said(evidence, InitSays.Running)
            : Of<StartRecord>(evidence).Any();
        return began
            ? null
            : new Verdict(
                Outcome.NeverRan,
                "The guest's program never began" + (evidence.Qemu.KilledBecause is { } why ? $" ({why})." : "."),
                LastOf(evidence.Console));
    }

    private static Verdict? Hang(Evidence evidence) => evidence.Qemu.KilledBecause is { } why
        ? new Verdict(
            Outcome.Hang, $"It hung: {why}; {Unfinished(evidence) ?? "no test was running"}.",
            LastOf(evidence.Console))
        : null;

    private static Verdict? GarbledRecord(Evidence evidence) =>
        Of<ProblemRecord>(evidence).FirstOrDefault() is { } problem
            ? Failed($"The result port carried something that is no record ({problem.Problem})", problem.Line)
            : null;

    private static Verdict? DifferentList(Evidence evidence)
    {
        if (evidence.Expected is not { } expected || Of<StartRecord>(evidence).FirstOrDefault() is not { } start)
            return null;
        return Difference(expected, start.Tests) is { } difference
            ? Failed("The guest's list of tests is not the one compiled in", difference)
            : null;
    }

    private static Verdict? MissingEnd(Evidence evidence) =>
        evidence.Expected is not null && !Of<EndRecord>(evidence).Any()
            ? Failed($"The test run has no end; {Unfinished(evidence) ?? "no test was running"}")
            : null;

    private static Verdict? MissingResult(Evidence evidence)
    {
        if (evidence.Expected is not { } expected || !Of<EndRecord>(evidence).Any())
            return null;
        return Difference(expected, [.. Of<ResultRecord>(evidence).Select(result => result.Test)]) is { } difference
            ? Failed("The tests that ended are not the ones compiled in", difference)
            : null;
    }

    private static Verdict? FailedTest(Evidence evidence)
    {
        var failed = Results(evidence, TestOutcome.Failed).ToArray();
        return failed.Length == 0
            ? null
            : Failed(failed.Length == 1 ? "A test failed" : $"{failed.Length} tests failed", failed[0].Test);
    }

    private static Verdict? NothingRan(Evidence evidence)
    {
        if (evidence.Expected is null || !Of<EndRecord>(evidence).Any())
            return null;
        if (evidence.Expected.Count == 0)
            return Failed("No test was asked for");
        return Results(evidence, TestOutcome.Passed).Any() || Results(evidence, TestOutcome.Failed).Any()
            ? null
            : Failed("Every test was skipped");
    }

    private static Verdict? WrongTotals(Evidence evidence)
    {
        if (Of<EndRecord>(evidence).FirstOrDefault() is not { } end)
            return null;
        var counted = new EndRecord(
            Results(evidence, TestOutcome.Passed).Count(), Results(evidence, TestOutcome.Failed).Count(),
            Results(evidence, TestOutcome.Skipped).Count());
        return counted == end ? null : Failed("The guest's totals do not fit its results", $"{end}, but {counted}");
    }

    /// <summary>A failed test has its own finding, and its exit code is no second one.</summary>
    private static Verdict? BadExit(Evidence evidence)
    {
        if (evidence.Qemu.KilledBecause is not null || Results(evidence, TestOutcome.Failed).Any())
            return null;
        return evidence.Console.FirstOrDefault(line => InitSays.Ended.IsMatch(line)) switch
        {
            null => Failed("Nobody said how the guest's program ended"),
            var line when InitSays.EndedWell.IsMatch(line) => null,
            var line => Failed("The guest's program did not end with exit code 0", line),
        };
    }

    private static Verdict Failed(string reason, string? line = null) => new(Outcome.Failed, reason + ".", line);

    private static IEnumerable<T> Of<T>(Evidence evidence) => evidence.Records.OfType<T>();

    private static IEnumerable<ResultRecord> Results(Evidence evidence, TestOutcome outcome) =>
        Of<ResultRecord>(evidence).Where(result => result.Outcome == outcome);

    private static bool IsKnown(Evidence evidence, KernelLogLine entry) =>
        evidence.KnownLines.Any(known => known.Pattern.IsMatch(entry.Text));

    private static bool Said(Evidence evidence, string text) =>
        evidence.Console.Any(line => line.Contains(text, StringComparison.Ordinal));

    private static string? Unfinished(Evidence evidence)
    {
        var ended = Of<ResultRecord>(evidence).Select(result => result.Test).ToHashSet();
        return Of<BeginRecord>(evidence).LastOrDefault(begin => !ended.Contains(begin.Test)) is { } begin
            ? $"{begin.Test} was running"
            : null;
    }

    private static string? Difference(IReadOnlyList<string> expected, IReadOnlyList<string> got)
    {
        string[] words =
        [
            .. Without(expected, got).Select(name => $"missing: {name}"),
            .. Without(got, expected).Select(name => $"unexpected: {name}"),
        ];
        return words.Length == 0 ? null : string.Join(", ", words);
    }

    /// <summary>Counts: a name that came twice where one was expected is a difference too.</summary>
    private static IEnumerable<string> Without(IReadOnlyList<string> left, IReadOnlyList<string> right)
    {
        var others = right.CountBy(name => name).ToDictionary();
        return left.CountBy(name => name)
            .Where(name => name.Value > others.GetValueOrDefault(name.Key))
            .Select(name => name.Key);
    }

    private static string? LastOf(IReadOnlyList<string> lines) => lines.Count == 0 ? null : lines[^1];

    private static string? LastLine(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();
}
