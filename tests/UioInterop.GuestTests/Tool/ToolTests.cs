using System.Runtime.InteropServices;
using System.Text.Json;
using UioInterop.GuestTests.Support;
using UioInterop.Tool;

namespace UioInterop.GuestTests.Tool;

[Category(Needs.Edu)]
internal sealed class ToolTests
{
    private const string Identification = "0x010000ed";

    private IReadOnlyList<string> _descriptors = [];

    // The library's thread for all waits with await stays, and so does the runtime's pipe for signals.
    [OneTimeSetUp]
    public async Task HaveWhatStays()
    {
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => { }).Dispose();
        UnderTest.Bind();
        using var device = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name));
        await device.TryWaitForInterruptAsync(TimeSpan.FromMilliseconds(1));
    }

    [SetUp]
    public void Bind()
    {
        UnderTest.Bind();
        _descriptors = Settled.Of(() => Descriptors.Targets);
    }

    [TearDown]
    public void NothingIsLeftOpen()
    {
        UnderTest.Bind();
        Assert.That(Settled.Of(() => Descriptors.Targets), Is.EqualTo(_descriptors));
    }

    [Test]
    public void List_has_the_device()
    {
        var device = ToolRun.Json("list").EnumerateArray().Single(one => one.GetProperty("parent").GetString() == UnderTest.Name);

        Assert.That(device.GetProperty("path").GetString(), Is.EqualTo(UnderTest.DevicePath));
        Assert.That(ToolRun.Of("list").Output, Does.Contain(UnderTest.DevicePath));
    }

    [TestCase("info")]
    [TestCase("copy")]
    [TestCase("watch")]
    [TestCase("doctor")]
    public void Devices_are_completed(string command)
    {
        var line = $"uio {command} {UnderTest.DevicePath[..^1]}";

        var run = ToolRun.Of($"[suggest:{line.Length}]", line);

        Assert.That((run.Code, run.Error), Is.EqualTo((ExitCode.Done, "")));
        Assert.That(run.Output.Split('\n'), Does.Contain(UnderTest.DevicePath));
    }

    [Test]
    public void Info_has_what_the_kernel_can_do()
    {
        using var device = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name));
        var byHandle = device.Features.AttachesByHandle;
        device.Dispose();

        var info = ToolRun.Json("info", UnderTest.Name);

        Assert.That(info.GetProperty("features").GetProperty("attachesByHandle").GetBoolean(), Is.EqualTo(byHandle));
    }

    [Test]
    public void Info_of_a_device_in_use_says_so_and_leaves_it_alone()
    {
        using var device = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name));
        device.Pci!.BusMaster = true;

        var info = ToolRun.Json("info", UnderTest.Name);

        Assert.That(info.GetProperty("features").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(info.GetProperty("whyNotOpened").GetString(), Does.Contain("EBUSY"));
        Assert.That(device.Pci.BusMaster, Is.True);
    }

    [Test]
    public void Peek_reads_a_register() =>
        Assert.That(ToolRun.Of("peek", UnderTest.Name, "0"), Is.EqualTo(new ToolRun(ExitCode.Done, $"{Identification}\n", "")));

    // "card liveness check": it reads as the inverse of what was written (docs/specs/edu.rst).
    [Test]
    public void Poke_writes_a_register()
    {
        Assert.That(ToolRun.Of("poke", UnderTest.Name, "0x4", "0x0f0f0f0f"), Is.EqualTo(new ToolRun(ExitCode.Done, "", "")));

        Assert.That(ToolRun.Of("peek", UnderTest.Name, "4").Output, Is.EqualTo("0xf0f0f0f0\n"));
    }

    [Test]
    public void Dump_reads_registers_in_a_row()
    {
        var values = ToolRun.Json("dump", UnderTest.Name, "0", "8").EnumerateArray().ToArray();

        Assert.That(values.Select(one => one.GetProperty("offset").GetString()), Is.EqualTo(["0x00000000", "0x00000004"]));
        Assert.That(values[0].GetProperty("value").GetString(), Is.EqualTo(Identification));
    }

    [Test]
    public void Watch_counts_what_comes()
    {
        using var device = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name));
        var before = ToolRun.Json("watch", UnderTest.Name, "--lines", "1", "--interval", "1").GetProperty("total").GetUInt32();
        new EduInterrupt(device).RaiseAndRearm();

        var after = ToolRun.Json("watch", UnderTest.Name, "--lines", "1", "--interval", "1");

        Assert.That(after.GetProperty("total").GetUInt32(), Is.EqualTo(before + 1));
        Assert.That(after.GetProperty("came").GetUInt32(), Is.Zero);
    }

    [Test]
    public void Unbind_and_bind_take_a_device_away_and_bring_it_back()
    {
        var driver = UnderTest.OnItsBus.Driver;

        Assert.That(ToolRun.Json("unbind", UnderTest.Name).GetProperty("driver").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That((UnderTest.OnItsBus.Driver, UnderTest.OnItsBus.Override), Is.EqualTo(((string?)null, (string?)null)));

        var bound = ToolRun.Json("bind", UnderTest.Name);

        Assert.That(bound.GetProperty("driver").GetString(), Is.EqualTo(driver));
        Assert.That(bound.GetProperty("node").GetString(), Is.EqualTo(UnderTest.DevicePath));
        Assert.That(UnderTest.OnItsBus.Driver, Is.EqualTo(driver));
    }

    [Test]
    public void Heaps_are_tried()
    {
        var heaps = ToolRun.Json("heaps").EnumerateArray().ToArray();

        Assert.That(heaps.Select(one => one.GetProperty("name").GetString()), Is.EqualTo(DmaHeap.List().Select(heap => heap.Name)));
        Assert.That(heaps.Select(one => one.GetProperty("isOpen").GetBoolean()), Is.All.True);
    }

    [Test, Category(Needs.Import)]
    public void Import_shows_where_a_buffer_is_and_releases_it()
    {
        var import = ToolRun.Json("import", UnderTest.Name, "--size", "8192", "--direction", "ToDevice");

        Assert.That(import.GetProperty("length").GetInt64(), Is.EqualTo(8192));
        Assert.That(import.GetProperty("direction").GetString(), Is.EqualTo("ToDevice"));
        if (import.GetProperty("ranges") is { ValueKind: JsonValueKind.Array } ranges)
            Assert.That(ranges.EnumerateArray().Sum(range => range.GetProperty("length").GetInt64()), Is.EqualTo(8192));
    }

    [Test, Category(Needs.Import)]
    public void Copy_moves_data_and_compares()
    {
        var copy = ToolRun.Json("copy", UnderTest.Name, "--size", "100");

        Assert.That((copy.GetProperty("isEqual").GetBoolean(), copy.GetProperty("length").GetInt32()), Is.EqualTo((true, 100)));
    }

    [TestCase(ExitCode.Failed, "uio-repl", "repl", "board")]
    [TestCase(ExitCode.Failed, "no-such-device", "peek", "no-such-device", "0")]
    [TestCase(ExitCode.Failed, "no-such-heap", "import", "0", "--heap", "no-such-heap")]
    [TestCase(ExitCode.Failed, "0000:00:1e.7", "unbind", "0000:00:1e.7")]
    [TestCase(ExitCode.Failed, "0000:00:1e.7", "bind", "0000:00:1e.7")]
    [TestCase(ExitCode.Usage, "four", "peek", "edu", "four")]
    [TestCase(ExitCode.Usage, "-4", "peek", "edu", "-4")]
    [TestCase(ExitCode.Usage, "--width", "peek", "edu", "0", "--width", "24")]
    [TestCase(ExitCode.Usage, "--size", "copy", "edu", "--size", "0")]
    [TestCase(ExitCode.Usage, "tape", "copy", "edu", "--kind", "tape")]
    [TestCase(ExitCode.Usage, "sideways", "import", "edu", "--direction", "sideways")]
    [TestCase(ExitCode.Usage, "--interval", "watch", "--interval", "0")]
    [TestCase(ExitCode.Usage, "no-such-command", "no-such-command")]
    public void What_cannot_be_is_said_with_its_reason(int code, string word, params string[] arguments)
    {
        var run = ToolRun.Of([.. arguments.Select(argument => argument == "edu" ? UnderTest.Name : argument)]);

        Assert.That(run.Code, Is.EqualTo(code));
        Assert.That(run.Error, Does.Contain(word));
    }

    [TestCase("peek", "2")]
    [TestCase("peek", "0x40000000")]
    [TestCase("dump", "0", "6")]
    [TestCase("dump", "0", "0x40000000")]
    [TestCase("poke", "4", "1", "--map", "5")]
    [TestCase("poke", "4", "0x100", "--width", "8")]
    public void A_register_that_is_not_there_is_not_touched(string command, params string[] rest)
    {
        var run = ToolRun.Of([command, UnderTest.Name, .. rest]);

        Assert.That(run.Code, Is.EqualTo(ExitCode.Usage));
        Assert.That(run.Output, Is.Empty);
        Assert.That(run.Error, Is.Not.Empty);
    }
}
