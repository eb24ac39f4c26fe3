using UioInterop.Machines.Protocol;

namespace UioInterop.Machines.Running;

/// <summary>One finished run of a machine.</summary>
public sealed record RunReport(Machine Machine, string Directory, Verdict Verdict, Evidence Evidence, RunTimes Times)
{
    /// <summary>The totals that the guest told, or those of what it told before it was lost.</summary>
    public EndRecord End => Evidence.Records.OfType<EndRecord>().FirstOrDefault()
        ?? new EndRecord(Count(TestOutcome.Passed), Count(TestOutcome.Failed), Count(TestOutcome.Skipped));

    private int Count(TestOutcome outcome) => Evidence.Records.OfType<ResultRecord>().Count(result => result.Outcome == outcome);

    /// <summary>What it took besides its tests.</summary>
    public double MillisecondsBesideTests => Math.Max(
        0, Times.Total.TotalMilliseconds - Evidence.Records.OfType<ResultRecord>().Sum(result => result.Milliseconds));

    /// <summary>How the program ended, as a shell says it: 128 and the number of a signal; null when nobody said.</summary>
    public int? ExitCode => InitSays.ExitCode(Evidence.Console);

    /// <summary>The file with each access to a core, where the machine has logic.</summary>
    public string TraceFile => Path.Combine(Directory, Logic.TraceFile);

    /// <summary>The result of the test of that full name; null when it has none.</summary>
    public ResultRecord? ResultOf(string test) =>
        Evidence.Records.OfType<ResultRecord>().FirstOrDefault(result => result.Test == test);
}

/// <summary>Times since QEMU was started.</summary>
public sealed record RunTimes(TimeSpan? UserSpace, TimeSpan? FirstTest, TimeSpan Total);
