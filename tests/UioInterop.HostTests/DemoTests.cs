using NUnit.Framework;
using UioInterop.Harness.Guests;
using UioInterop.Harness.Running;
using UioInterop.Machines;
using UioInterop.Machines.Guests;
using UioInterop.Machines.Kernels;
using UioInterop.Machines.Running;

namespace UioInterop.HostTests;

/// <summary>The demo, on the boards and as each kind of program.</summary>
internal sealed class DemoTests
{
    // What a small board has room for.
    private const long MostBytes = 3_000_000;

    private static readonly string[] s_notProgram = [".pdb", ".dbg", ".xml", ".json"];

    public static IEnumerable<TestCaseData> Runs =>
        from run in new (Machine Machine, Compilation Compilation)[]
        {
            (MachineList.X64, Compilation.ReadyToRun),
            (MachineList.X64Direct, Compilation.NativeAot),
            (MachineList.X64NoAddresses, Compilation.ReadyToRun),
            (MachineList.Zcu102, Compilation.ReadyToRun),
            (MachineList.Zcu102, Compilation.NativeAot),
            (MachineList.Zcu102, Compilation.FrameworkDependent),
            (MachineList.Zcu102Logic, Compilation.ReadyToRun),
            (MachineList.Zcu102NoAddresses, Compilation.NativeAot),
            (MachineList.Versal, Compilation.NativeAot),
            (MachineList.ArmVirt, Compilation.NativeAot),
        }
        select new TestCaseData(run.Machine, run.Compilation).SetName($"Demo.{run.Machine.Name}, {run.Compilation}");

    [TestCaseSource(nameof(Runs))]
    public async Task Ends_well(Machine machine, Compilation compilation)
    {
        var kernel = await KernelBuilder.EnsureAsync(machine.Kernel, cancel: MachineRuns.Cancel);

        var report = await DemoRun.ExecuteAsync(machine, kernel, compilation, Stream.Null, MachineRuns.Cancel);

        Assert.That(report.Verdict.IsGood, Is.True, $"{report.Verdict}\nLogs: {report.Directory}");
    }

    [Test]
    [Category("thorough")]
    public async Task For_a_small_board_it_is_one_file_and_small()
    {
        var directory = await (GuestPrograms.Demo with { Compilation = Compilation.NativeAot }).PublishAsync(
            Architecture.Arm64, MachineRuns.Cancel);

        var program = Directory.GetFiles(directory).Where(file => !s_notProgram.Contains(Path.GetExtension(file)));
        Assert.That(program.Select(Path.GetFileName), Is.EqualTo(["UioInterop.Demo"]));
        Assert.That(new FileInfo(program.Single()).Length, Is.LessThanOrEqualTo(MostBytes));
    }
}
