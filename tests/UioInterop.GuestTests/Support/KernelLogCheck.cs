using System.Text.RegularExpressions;
using NUnit.Framework.Interfaces;
using UioInterop.Machines.Protocol;
using UioInterop.TestRunner;

[assembly: UioInterop.GuestTests.Support.KernelLogCheck]

namespace UioInterop.GuestTests.Support;

/// <summary>Fails a test after which the kernel log has a warning that the test did not expect.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class KernelLogCheckAttribute : Attribute, ITestAction
{
    // For the rest of a report that is being written.
    private static readonly TimeSpan s_rest = TimeSpan.FromSeconds(10);

    private static readonly List<Regex> s_expected = [];

    // One for all tests: a report that a test has left half written does not look like the next one's.
    private static GuestLog? s_log;

    public ActionTargets Targets => ActionTargets.Test;

    /// <summary>Lines like this one are the running test's own doing.</summary>
    public static void Expect(Regex pattern) => s_expected.Add(pattern);

    public void BeforeTest(ITest test)
    {
        s_expected.Clear();
        s_log ??= new GuestLog();
        Messages(s_log);
    }

    public void AfterTest(ITest test)
    {
        var warnings = RaceReports.WithoutForeign(Messages(s_log!), line => line.Text)
            .Where(IsTrouble).Select(line => line.Text).ToLookup(IsExpected);
        if (warnings[true].Any())
            Announcements.Announce([.. warnings[true]]);
        Assert.That(warnings[false], Is.Empty, "warnings in the kernel log");
    }

    private static IReadOnlyList<KernelMessage> Messages(GuestLog log)
    {
        var messages = log.Drain();
        while (RaceReports.EndWithin(messages, line => line.Text) && log.Next(s_rest) is { } next)
            messages = [.. messages, next, .. log.Drain()];
        return messages;
    }

    private static bool IsTrouble(KernelMessage line) =>
        (line.IsWarning || TroubleWords.In(line.Text)) && !KnownLines.Contain(KnownLines.EmulatedPc, line.Text);

    private static bool IsExpected(string line) => s_expected.Any(pattern => pattern.IsMatch(line));
}
