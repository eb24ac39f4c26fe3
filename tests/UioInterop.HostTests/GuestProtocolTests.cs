using NUnit.Framework;
using UioInterop.Machines.Protocol;

namespace UioInterop.HostTests;

internal sealed class GuestProtocolTests
{
    private static readonly GuestRecord[] s_records =
    [
        new StartRecord("x86-64", ["A.B", "A.C(\"x\")"]),
        new BeginRecord("A.B"),
        new ResultRecord("A.B", TestOutcome.Failed, 1.5, "two\nlines", "at é"),
        new AnnouncedRecord(["DMAR: [DMA Write]"]),
        new FramesRecord(3),
        new OutputRecord("text"),
        new EndRecord(1, 2, 3),
    ];

    public static IEnumerable<TestCaseData> Records =>
        s_records.Select(record => new TestCaseData(record).SetName($"A {record.GetType().Name} survives its line"));

    [TestCaseSource(nameof(Records))]
    public void A_record_survives_its_line(GuestRecord record)
    {
        var line = GuestRecordFormat.ToLine(record);

        Assert.That(line, Does.Not.Contain('\n').And.All.LessThan((char)128));
        Assert.That(GuestRecordFormat.ToLine(GuestRecordFormat.FromLine(line)), Is.EqualTo(line));
        Assert.That(GuestRecordFormat.FromLine(line), Is.TypeOf(record.GetType()));
    }

    [TestCase("")]
    [TestCase("null")]
    [TestCase("no json")]
    [TestCase("{\"type\":\"unheard-of\"}")]
    [TestCase("{\"type\":\"begin\"}")]
    [TestCase("{\"type\":\"result\",\"test\":\"A\",\"outcome\":\"perhaps\"}")]
    [TestCase("[1,2]")]
    public void A_garbled_line_becomes_a_problem(string line) =>
        Assert.That(GuestRecordFormat.FromLine(line), Is.InstanceOf<ProblemRecord>());

    [Test]
    public void Settings_survive_the_kernel_command_line()
    {
        var settings = new GuestSettings("x86-64", new TestFilter(["pci", "edu"], "A B(\"c\")"), "/dev/ttyS1",
            new UioParent("pci", "0000:00:01.0", "uio_pci_generic"));

        var parsed = GuestSettings.Parse("console=ttyS0 " + string.Join(' ', settings.ToKernelArguments()) + "\n");

        Assert.That(parsed.ToKernelArguments(), Is.EqualTo(settings.ToKernelArguments()));
        Assert.That(parsed.Filter.Text, Is.EqualTo(settings.Filter.Text));
        Assert.That(parsed.Device, Is.EqualTo(settings.Device));
    }

    [TestCase("", true)]
    [TestCase("edu", true)]
    [TestCase("edu,iommu", false)]
    public void A_test_runs_where_everything_it_needs_is(string needs, bool runs) => Assert.That(
        new TestFilter(["pci", "edu"]).Includes("A.B", needs.Split(',', StringSplitOptions.RemoveEmptyEntries)),
        Is.EqualTo(runs));

    [TestCase("a.b", true)]
    [TestCase("c", false)]
    public void Text_is_a_part_of_the_name_in_any_case(string text, bool runs) =>
        Assert.That(new TestFilter(Text: text).Includes("A.B", []), Is.EqualTo(runs));
}
