using CliWrap;
using CliWrap.Buffered;
using NUnit.Framework;
using UioInterop.Harness.Running;
using UioInterop.Machines;
using UioInterop.Machines.Host;

namespace UioInterop.HostTests;

/// <summary>What the library of tests/logic says to QEMU's command line, and that it leaves everybody else alone. No guest runs.</summary>
[Category("thorough")]
internal sealed class LogicTests
{
    private const string Qemu = "qemu-system-aarch64";
    private const string Zcu102 = "xlnx-zcu102";
    private static readonly string s_library = Artifacts.At("logic", "liblogic.so");

    [OneTimeSetUp]
    public async Task Make()
    {
        await Logic.EnsureAsync(MachineRuns.Cancel);
    }

    [TestCase(Zcu102, new[] { "pl-sum" }, "pl-sum: addr= is missing")]
    [TestCase(Zcu102, new[] { "pl-sum,addr=0xa0000010" }, "pl-sum: addr=0xa0000010 is not aligned to 0x1000")]
    [TestCase(Zcu102, new[] { "pl-sum,addr=0x10000000" }, "pl-sum: addr=0x10000000 is not in the logic; that is 0x80000000 to 0x9fffffff "
        + "and 0xa0000000 to 0xbfffffff")]
    [TestCase(Zcu102, new[] { "pl-sum,addr=0xa0000000,irq=5" }, "pl-sum: irq=5 is no interrupt of the logic; those "
        + "are 89 to 96 and 104 to 111")]
    [TestCase(Zcu102, new[] { "pl-sum,addr=0xa0000000,irq=5000" }, "pl-sum: irq=5000 is not from 0 to 1019")]
    [TestCase(Zcu102, new[] { "pl-sum,addr=here" }, "addr")]
    [TestCase(Zcu102, new[] { "pl-sum,colour=red" }, "colour")]
    [TestCase(Zcu102, new[] { "pl-axi-dma,addr=0xa0000000,length-width=40" }, "pl-axi-dma: length-width=40 is not from 8 to 26")]
    [TestCase(Zcu102, new[] { "pl-axi-dma,addr=0xa0000000,to=nobody" }, "pl-axi-dma: to=nobody is no id of a core that takes a stream")]
    [TestCase(Zcu102, new[] { "pl-sum,addr=0xa0000000", "pl-test-core,addr=0xa0000000" },
        "pl-test-core at 0xa0000000 and pl-sum at 0xa0000000 are at one address")]
    [TestCase(Zcu102, new[] { "pl-sum,addr=0xa0000000,irq=89", "pl-sum,addr=0xa0001000,irq=89" },
        "pl-sum and pl-sum have one interrupt, 89")]
    [TestCase("virt", new[] { "pl-sum,addr=0xa0000000" }, "has no programmable logic that the library knows")]
    public async Task What_cannot_be_is_refused_with_a_sentence(string machine, string[] devices, string message)
    {
        var end = await RunAsync(machine, [.. devices.SelectMany(device => (string[])["-device", device])]);

        Assert.That(end.StandardError, Does.Contain(message));
        Assert.That(end.ExitCode, Is.EqualTo(1));
    }

    [Test]
    public async Task A_core_lists_its_options()
    {
        var end = await RunAsync(Zcu102, ["-device", "pl-axi-dma,help"]);

        Assert.That(end.StandardOutput, Does.Contain("length-width=<uint64>").And.Contains("8 to 26, without it 14"));
        Assert.That(end.ExitCode, Is.Zero);
    }

    // QEMU's monitor reads as a CPU of the board would: no guest needs to run.
    [TestCase(Zcu102, 0xa0000000)]
    [TestCase("xlnx-versal-virt", 0xa4000000)]
    public async Task A_CPU_reaches_the_registers_and_the_trace_has_their_names(string machine, long address)
    {
        using var folder = new ScratchFolder();
        var dma = address + 0x10000;

        var end = await RunAsync(
            machine, ["-device", $"pl-test-core,addr=0x{address:x}", "-device", $"pl-axi-dma,id=a,to=a,addr=0x{dma:x}", "-monitor",
                "stdio"],
            $"xp /1wx 0x{address:x}\nxp /1wx 0x{dma + 0x34:x}\nxp /1gx 0x{dma:x}\nquit\n", folder.PathOf("trace"));

        Assert.That(end.StandardOutput, Does.Contain($"{address:x16}: 0x54455354").And.Contains($"{dma + 0x34:x16}: 0x00010009")
            .And.Contains($"{dma:x16}: 0x0001000900010002"));
        Assert.That(folder.Read("trace").Split('\n').Select(line => line.Length == 0 ? line
            : line[(line.IndexOf(" ms ", StringComparison.Ordinal) + 4)..]), Is.EqualTo([
            $"{address:x} pl-test-core R ID 54455354", $"{dma:x} pl-axi-dma R S2MM_DMASR 00010009",
            $"{dma:x} pl-axi-dma R MM2S_DMACR 0001000900010002", "",
        ]));
        Assert.That(end.ExitCode, Is.Zero);
    }

    [TestCase("true")]
    [TestCase("timeout", "5", "true")]
    [TestCase("bash", "-c", "ls / | cat >/dev/null")]
    [TestCase("qemu-system-x86_64", "--version")]
    public async Task Other_programs_notice_nothing(string program, params string[] arguments)
    {
        var end = await Preloaded(program).WithArguments(arguments).ExecuteBoundedAsync();

        Assert.That((end.ExitCode, end.StandardError), Is.EqualTo((0, "")));
    }

    [Test]
    public async Task A_QEMU_that_lacks_a_function_is_told_which()
    {
        using var folder = new ScratchFolder();
        folder.Write("qemu.c", """
            void qemu_init(void) { }
            void register_module_init(void (*function)(void), int kind) { function(); }
            int main(void) { return 0; }
            """);
        await folder.RunAsync("gcc", ["-rdynamic", "-o", "qemu", "qemu.c"]);

        var end = await Preloaded(folder.PathOf("qemu")).ExecuteBoundedAsync();

        Assert.That(end.StandardError,
            Is.EqualTo("logic: this QEMU has no symbol qmp_query_version. The library knows QEMU 7.2 as Debian 12 builds it.\n"));
        Assert.That(end.ExitCode, Is.EqualTo(1));
    }

    private static Task<BufferedCommandResult> RunAsync(string machine, string[] arguments, string input = "", string? trace = null) =>
        Preloaded(Qemu, trace)
            .WithArguments(["-M", machine, "-smp", machine == Zcu102 || machine == "virt" ? "2" : "4", "-S", "-display", "none",
                "-nodefaults", .. arguments])
            .WithStandardInputPipe(PipeSource.FromString(input))
            .ExecuteBoundedAsync();

    private static Command Preloaded(string program, string? trace = null) => Cli.Wrap(program)
        .WithEnvironmentVariables(new Dictionary<string, string?>
            { ["LD_PRELOAD"] = s_library, ["LOGIC_TRACE"] = trace, ["QEMU_AUDIO_DRV"] = "none" })
        .WithValidation(CommandResultValidation.None);
}
