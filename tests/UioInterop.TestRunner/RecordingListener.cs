using NUnit.Framework.Interfaces;
using UioInterop.Machines.Protocol;

namespace UioInterop.TestRunner;

/// <summary>Turns NUnit's events into records, and counts. NUnit's workers call it one at a time.</summary>
internal sealed class RecordingListener(Action<GuestRecord> emit) : ITestListener
{
    public EndRecord End { get; private set; } = new(0, 0, 0);

    public void TestStarted(ITest test)
    {
        if (!test.IsSuite)
            emit(new BeginRecord(test.FullName));
    }

    public void TestFinished(ITestResult result)
    {
        if (!result.Test.IsSuite || FailedByItself(result))
            Record(result);
    }

    public void TestOutput(TestOutput output)
    {
    }

    public void SendMessage(TestMessage message)
    {
    }

    // A fixture's own tear-down has no test to fail. Without this, its failure would go unseen.
    private static bool FailedByItself(ITestResult suite) =>
        suite.ResultState.Status == TestStatus.Failed && suite.ResultState.Site == FailureSite.TearDown;

    private void Record(ITestResult result)
    {
        var outcome = OutcomeOf(result.ResultState.Status);
        End = outcome switch
        {
            TestOutcome.Passed => End with { Passed = End.Passed + 1 },
            TestOutcome.Failed => End with { Failed = End.Failed + 1 },
            _ => End with { Skipped = End.Skipped + 1 },
        };
        emit(new ResultRecord(
            result.FullName, outcome, Math.Round(result.Duration * 1000, 1),
            NullIfEmpty(result.Message), NullIfEmpty(result.StackTrace)));
    }

    private static TestOutcome OutcomeOf(TestStatus status) => status switch
    {
        TestStatus.Passed or TestStatus.Warning => TestOutcome.Passed,
        TestStatus.Failed => TestOutcome.Failed,
        _ => TestOutcome.Skipped,
    };

    private static string? NullIfEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;
}
