using NUnit.Framework;
using UioInterop.Machines;
using UioInterop.Machines.Guests;
using UioInterop.Machines.Running;
using UioInterop.RegisterProbe;

namespace UioInterop.HostTests.Registers;

/// <summary>
/// A register access in C# is one access of its width at the device, whatever the optimiser makes of the code around
/// it: watched by QEMU, for code compiled at run time with all optimisation and for code compiled ahead.
/// </summary>
[Category("thorough")]
internal sealed class ExactWidthTests
{
    private static readonly Probe[] s_probes =
    [
        .. from machine in new[] { MachineList.X64, MachineList.ArmVirt }
           from compilation in new[] { Compilation.Jit, Compilation.NativeAot }
           select new Probe(machine, compilation),
    ];

    public static IEnumerable<TestCaseData> Probes =>
        from probe in s_probes
        select new TestCaseData(probe).SetName($"{probe}: the code was compiled so");

    public static IEnumerable<TestCaseData> Cases =>
        from probe in s_probes
        from each in ProbeCases.All.Index()
        select new TestCaseData(probe, each.Index).SetName($"{probe}: {each.Item}");

    [TestCaseSource(nameof(Cases))]
    public async Task The_device_sees_what_the_code_says(Probe probe, int index)
    {
        var run = await ProbeRun.OfAsync(probe);
        var expected = ProbeCases.All[index];

        Assert.That(run.Trace.Of(index), Is.Not.Null, $"It did not run. {run.Report.Verdict}");
        Assert.That(run.Trace.Of(index), Is.EqualTo(expected.Expected.Select(access => RegisterTrace.Describe(expected.Region, access))));
    }

    [TestCaseSource(nameof(Probes))]
    public async Task The_code_was_compiled_so(Probe probe)
    {
        ArgumentNullException.ThrowIfNull(probe);
        var run = await ProbeRun.OfAsync(probe);

        Assert.That(run.Report.Verdict.IsGood, Is.True, run.Report.Verdict.ToString());
        Assert.That(run.HowCompiled.Tiered, Is.False);
        Assert.That(
            run.HowCompiled.AtRunTime, probe.Compilation == Compilation.Jit ? Is.GreaterThan(ProbeCases.All.Count) : Is.Zero);
    }
}
