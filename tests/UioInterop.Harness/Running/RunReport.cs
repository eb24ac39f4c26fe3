using UioInterop.GuestProtocol;
using UioInterop.Harness.Machines;

namespace UioInterop.Harness.Running;

/// <summary>One finished run of a machine.</summary>
public sealed record RunReport(Machine Machine, string Directory, Verdict Verdict, Evidence Evidence, RunTimes Times)
{
    public ResultRecord? ResultOf(string test) =>
        Evidence.Records.OfType<ResultRecord>().FirstOrDefault(result => result.Test == test);
}

/// <summary>Times since QEMU was started.</summary>
public sealed record RunTimes(TimeSpan? UserSpace, TimeSpan? FirstTest, TimeSpan Total);
