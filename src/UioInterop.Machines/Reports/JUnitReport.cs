using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using UioInterop.Machines.Protocol;
using UioInterop.Machines.Running;

namespace UioInterop.Machines.Reports;

/// <summary>The results as CI systems read them: JUnit's XML, a suite for each machine and one for the host.</summary>
internal static class JUnitReport
{
    public static XDocument Of(IReadOnlyList<TestEntry> entries) => new(
        new XElement("testsuites", Counts(entries), entries.GroupBy(entry => entry.Machine).Select(Suite)));

    private static XElement Suite(IGrouping<string, TestEntry> suite) => new(
        "testsuite", new XAttribute("name", suite.Key), Counts([.. suite]), suite.Select(Case));

    private static object[] Counts(IReadOnlyCollection<TestEntry> entries) =>
    [
        new XAttribute("tests", entries.Count),
        new XAttribute("failures", entries.Count(entry => entry.Result.Outcome == TestOutcome.Failed)),
        new XAttribute("errors", 0),
        new XAttribute("skipped", entries.Count(entry => entry.Result.Outcome == TestOutcome.Skipped)),
        new XAttribute("time", Time(entries.Sum(entry => entry.Seconds))),
    ];

    private static XElement Case(TestEntry entry)
    {
        var (type, name) = Split(entry.Test);
        return new XElement(
            "testcase",
            new XAttribute("classname", Clean($"{entry.Machine}.{type}")), new XAttribute("name", Clean(name)),
                new XAttribute("time", Time(entry.Seconds)),
            entry.Result.Outcome switch
            {
                TestOutcome.Failed => new XElement(
                    "failure", new XAttribute("message", Clean(entry.Result.Message ?? "")),
                        Clean($"{entry.Result.Message}\n{entry.Result.Stack}")),
                TestOutcome.Skipped => new XElement("skipped", new XAttribute("message", Clean(entry.Result.Message ?? ""))),
                _ => null,
            });
    }

    // The method's name begins after the last dot that is no argument's.
    private static (string Type, string Name) Split(string test)
    {
        var end = test.AsSpan().IndexOfAny("( :");
        var dot = test.AsSpan(0, end < 0 ? test.Length : end).LastIndexOf('.');
        return dot < 0 ? ("", test) : (test[..dot], test[(dot + 1)..]);
    }

    // A message can have bytes that XML has no way to write.
    private static string Clean(string text)
    {
        var clean = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
            clean.Append(rune.IsBmp && !XmlConvert.IsXmlChar((char)rune.Value) ? "\uFFFD" : rune.ToString());
        return clean.ToString();
    }

    private static string Time(double seconds) => seconds.ToString("0.000", CultureInfo.InvariantCulture);
}
