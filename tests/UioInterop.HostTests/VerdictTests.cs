using NUnit.Framework;
using UioInterop.Machines;
using UioInterop.Machines.Protocol;
using UioInterop.Machines.Running;

namespace UioInterop.HostTests;

/// <summary>
/// One recorded run per verdict and per special rule. A file has the console, then after "--- records" what came on
/// the result port, after "--- qemu" how QEMU ended; the first line says which verdict that has to give.
/// </summary>
internal sealed class VerdictTests
{
    private static readonly string s_directory =
        Path.Combine(TestContext.CurrentContext.TestDirectory, "GoldenLogs");

    private static readonly string[] s_expected = ["Guest.Copies", "Guest.Faults"];

    public static IEnumerable<TestCaseData> Logs => Directory
        .GetFiles(Path.Combine(Path.GetDirectoryName(typeof(VerdictTests).Assembly.Location)!, "GoldenLogs"), "*.log")
        .Order(StringComparer.Ordinal)
        .Select(path => new TestCaseData(path).SetName($"Golden log {Path.GetFileNameWithoutExtension(path)}"));

    [TestCaseSource(nameof(Logs))]
    public void Golden_log(string path)
    {
        var log = GoldenLog.Read(path);

        var verdict = Verdict.Of(log.Evidence(s_expected));

        Assert.That($"{verdict.Outcome}: {verdict.Reason}", Does.StartWith(log.Verdict), verdict.ToString());
        if (log.Line is not null)
            Assert.That(verdict.Line, Is.EqualTo(log.Line));
    }

    [Test]
    public void A_run_that_was_asked_for_no_test_has_failed()
    {
        var passed = GoldenLog.Read(Path.Combine(s_directory, "passed.log"));
        GuestRecord[] records = [new StartRecord("x86-64", []), new EndRecord(0, 0, 0)];

        var verdict = Verdict.Of(passed.Evidence([]) with { Records = records });

        Assert.That((verdict.Outcome, verdict.Reason), Is.EqualTo((Outcome.Failed, "No test was asked for.")));
    }

    [Test]
    public void Every_verdict_has_a_golden_log()
    {
        var covered = Directory.GetFiles(s_directory, "*.log")
            .Select(path => Enum.Parse<Outcome>(GoldenLog.Read(path).Verdict.Split(':')[0]));

        Assert.That(covered.Distinct(), Is.EquivalentTo(Enum.GetValues<Outcome>()));
    }

    [TestCase("<4>[    1.0] careful", true)]
    [TestCase("<6>[    1.0] all is well", false)]
    [TestCase("<12>[    1.0] WARNING: a program's own words", false)]
    [TestCase("<6>[    1.0] BUG: sleeping function called", true)]
    [TestCase("<6>[    1.0] arm-smmu-v3 9050000.smmuv3: event 0x10 received:", true)]
    [TestCase("<6>[    1.0] arm-smmu-v3 9050000.smmuv3: allocated 32768 entries for evtq", false)]
    [TestCase("WARNING: without a level", true)]
    [TestCase("", false)]
    public void Trouble_is_what_the_kernel_warns_of(string line, bool isTrouble) =>
        Assert.That(KernelLogLine.Parse(line).IsTrouble, Is.EqualTo(isTrouble));

    [Test]
    public void The_text_of_a_line_has_neither_level_nor_time() =>
        Assert.That(
            KernelLogLine.Parse("<3>[   12.345678] DMAR: [DMA Write] fault"),
            Is.EqualTo(new KernelLogLine(0, 3, "DMAR: [DMA Write] fault")));

    private sealed record GoldenLog(string Verdict, string? Line, string[] Console, string[] Records, string[] Qemu)
    {
        public static GoldenLog Read(string path)
        {
            var lines = File.ReadAllLines(path);
            var sections = string.Join('\n', lines).Split("\n--- ");
            var head = sections[0].Split('\n');
            string[] Section(string name) => sections
                .Where(section => section.StartsWith(name + "\n", StringComparison.Ordinal))
                .SelectMany(section => section.Split('\n').Skip(1))
                .ToArray();
            return new GoldenLog(head[0], head.ElementAtOrDefault(1), Section("console"), Section("records"), Section("qemu"));
        }

        public Evidence Evidence(IReadOnlyList<string> expected) => new()
        {
            Console = Console,
            Records = IsProgram ? [] : [.. Records.Where(line => line.Length > 0).Select(GuestRecordFormat.FromLine)],
            Qemu = End(),
            Expected = IsProgram ? null : expected,
            KnownLines = MachineList.X64.KnownLines,
        };

        // A run of the demo has no records.
        private bool IsProgram => Records is ["program"];

        // "exit N", then what QEMU wrote on its error output; or "killed: why".
        private QemuEnd End() => Qemu[0].Split(' ', 2) switch
        {
            ["exit", var code] => new QemuEnd(int.Parse(code, null), string.Join('\n', Qemu.Skip(1))),
            ["killed:", var why] => new QemuEnd(null, "", why),
            _ => throw new InvalidDataException($"Not an end: {Qemu[0]}"),
        };
    }
}
