using System.Xml.Linq;
using System.Xml.Schema;
using NUnit.Framework;
using UioInterop.Machines;
using UioInterop.Machines.Protocol;
using UioInterop.Machines.Reports;

namespace UioInterop.HostTests.Reports;

internal sealed class ReportTests
{
    private static readonly TestEntry[] s_entries =
    [
        Entry("host", "A.B.Passes(\"x.y\")", TestOutcome.Passed),
        Entry("x86-64", "A.B.Fails", TestOutcome.Failed, "it says <no> & a byte \u0001 that XML has not", "at A.B"),
        Entry("x86-64", "A.C.Is_skipped", TestOutcome.Skipped, "no heap"),
        Entry("x86-64", "verdict of the run", TestOutcome.Passed),
    ];

    // Its elements and attributes are those that CI systems agree on: JUnit has no schema of its own.
    [Test]
    public void JUnit_report_fits_its_schema()
    {
        using var folder = new ScratchFolder();
        new ReportFile("junit", folder.PathOf("deep/report.xml")).Write(s_entries);
        var schemas = new XmlSchemaSet();
        schemas.Add(null, Path.Combine(TestContext.CurrentContext.TestDirectory, "Reports", "junit.xsd"));

        var faults = new List<string>();
        var report = XDocument.Load(folder.PathOf("deep/report.xml"));
        report.Validate(schemas, (_, fault) => faults.Add(fault.Message));
        Assert.That(faults, Is.Empty);

        report.Root!.Add(new XElement("testcases"));
        report.Validate(schemas, (_, fault) => faults.Add(fault.Message));
        Assert.That(faults, Is.Not.Empty, "the schema sees what does not fit");
    }

    [Test]
    public void JUnit_report_counts_and_names()
    {
        var root = JUnitReport.Of(s_entries).Root!;

        Assert.That(root.Elements("testsuite").Select(suite => (suite.Attribute("name")!.Value, suite.Attribute("tests")!.Value)),
            Is.EqualTo([("host", "1"), ("x86-64", "3")]));
        Assert.That((root.Attribute("tests")!.Value, root.Attribute("failures")!.Value, root.Attribute("skipped")!.Value),
            Is.EqualTo(("4", "1", "1")));
        Assert.That(
            root.Descendants("testcase").Select(test => $"{test.Attribute("classname")!.Value} {test.Attribute("name")!.Value}"),
            Is.EqualTo(["host.A.B Passes(\"x.y\")", "x86-64.A.B Fails", "x86-64.A.C Is_skipped", "x86-64. verdict of the run"]));
        Assert.That(root.Descendants("failure").Single().Attribute("message")!.Value, Does.Contain("<no> & a byte \uFFFD"));
    }

    [Test]
    public void Summary_is_a_table_and_what_failed()
    {
        var lines = SummaryReport.Of(s_entries).Split('\n');

        Assert.That(lines, Has.One.EqualTo("| host | 1 | 0 | 0 | 1 |").And.One.EqualTo("| x86-64 | 1 | 1 | 1 | 4 |"));
        Assert.That(lines, Has.One.EqualTo("**x86-64** `A.B.Fails`"));
    }

    [TestCase("junit")]
    [TestCase("junit=")]
    [TestCase("html=x")]
    public void What_is_no_report_is_refused(string text) =>
        Assert.That(() => ReportFile.Parse(text), Throws.InstanceOf<MachineException>().With.Message.Contains("junit=FILE"));

    [Test]
    public void A_report_that_cannot_be_written_says_so() => Assert.That(
        () => new ReportFile("junit", "/proc/report.xml").Write(s_entries),
            Throws.InstanceOf<MachineException>().With.Message.Contains("/proc/report.xml"));

    private static TestEntry Entry(string machine, string test, TestOutcome outcome, string? message = null, string? stack = null) =>
        new(machine, test, new ResultRecord(test, outcome, 1250, message, stack));
}
