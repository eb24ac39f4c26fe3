using NUnit.Framework;
using UioInterop.Harness.Running;
using UioInterop.Machines;
using UioInterop.Machines.Protocol;
using UioInterop.Machines.Reports;
using UioInterop.Machines.Running;

namespace UioInterop.HostTests;

/// <summary>
/// Every guest test on every machine that has what it needs, and the verdict of each machine's run. A machine boots
/// once, for all of its tests. They wait for it, and come after what works meanwhile.
/// </summary>
[NonParallelizable]
internal sealed class OnMachines
{
    public static IEnumerable<TestCaseData> Tests =>
        from machine in MachineList.All
        where MachineRuns.On(machine).Count > 0
        from test in MachineRuns.On(machine).Append(TestEntry.VerdictOfRun)
        let name = new GuestTestName(machine.Name, test)
        select new TestCaseData(name).SetName(name.OnHost);

    [TestCaseSource(nameof(Tests))]
    public async Task Runs(GuestTestName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var report = await MachineRuns.RunAsync(MachineList.Named(name.Machine));
        if (name.Test == TestEntry.VerdictOfRun)
            CheckVerdict(report);
        else
            CheckResult(report.ResultOf(name.Test), report);
    }

    private static void CheckVerdict(RunReport report)
    {
        var text = string.Join('\n', [report.Verdict.ToString(), .. report.Verdict.Besides, $"Logs: {report.Directory}"]);
        Assert.That(report.Verdict.IsGood, Is.True, text);
        Assert.Pass($"{report.Verdict.Reason} {report.Times}");
    }

    private static void CheckResult(ResultRecord? result, RunReport report)
    {
        switch (result?.Outcome)
        {
            case TestOutcome.Passed:
                break;
            case TestOutcome.Skipped:
                Assert.Ignore(result.Message ?? "skipped in the guest");
                break;
            case TestOutcome.Failed:
                Assert.Fail($"{result.Message}\n{result.Stack}");
                break;
            default:
                Assert.Fail($"It has no result. The run: {report.Verdict}");
                break;
        }
    }
}
