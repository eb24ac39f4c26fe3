using UioInterop.GuestProtocol;
using UioInterop.Harness.Machines;

namespace UioInterop.Harness.Running;

/// <summary>One finished run of a machine.</summary>
public sealed record RunReport(Machine Machine, string Directory, Verdict Verdict, Evidence Evidence, RunTimes Times)
{
    /// <summary>The totals that the guest told, or those of what it told before it was lost.</summary>
    public EndRecord End => Evidence.Records.OfType<EndRecord>().FirstOrDefault()
        ?? new EndRecord(Count(TestOutcome.Passed), Count(TestOutcome.Failed), Count(TestOutcome.Skipped));

    private int Count(TestOutcome outcome) => Evidence.Records.OfType<ResultRecord>().Count(result => result.Outcome == outcome);

    public ResultRecord? ResultOf(string test) =>
        Evidence.Records.OfType<ResultRecord>().FirstOrDefault(result => result.Test == test);
}

/// <summary>Times since QEMU was started.</summary>
public sealed record RunTimes(TimeSpan? UserSpace, TimeSpan? FirstTest, TimeSpan Total);
