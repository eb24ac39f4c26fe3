using NUnit.Framework;
using UioInterop.Harness.Running;
using UioInterop.Machines;
using UioInterop.Machines.Kernels;
using UioInterop.Machines.Protocol;
using UioInterop.Machines.Running;

namespace UioInterop.HostTests.KernelPatch;

/// <summary>
/// What earlier implementations of the import got wrong, put back into ours: a test, or the kernel's own checks, must notice
/// each. The same tests pass on the kernels without them: that is what all other runs show.
/// </summary>
[Category("thorough")]
internal sealed class DefectTests
{
    private const int Known = 15;

    public static IEnumerable<TestCaseData> Defects =>
        Defect.All.Select(defect => new TestCaseData(defect).SetName($"Defect.{MachineList.X64Defects.Name}, {defect}"));

    [TestCaseSource(nameof(Defects))]
    public async Task Is_noticed(Defect defect)
    {
        if (defect.SeenBy is not { } tests)
        {
            await KernelBuilder.EnsureAsync(defect.Machine.Kernel, cancel: MachineRuns.Cancel);
            var error = await Assert.ThrowsAsync<MachineException>(() =>
                KernelBuilder.EnsureAsync(defect.DefectiveMachine.Kernel, cancel: MachineRuns.Cancel));
            Assert.That(error!.Message, Does.Contain("does not build").And.Contains("dma_buf").Or.Contains("uio_dmabuf"));
            return;
        }

        var seeing = MachineRuns.On(defect.DefectiveMachine, tests);
        Assert.That(seeing, Is.Not.Empty, $"a test of {defect.Machine} named {tests}");

        var report = await MachineRuns.BootAsync(defect.DefectiveMachine, tests);

        // A run that failed for another reason has noticed nothing. A cost that grows without bound shows as silence.
        var failed = seeing.Where(test => report.ResultOf(test)?.Outcome == TestOutcome.Failed);
        Assert.That(
            failed.Any() || report.Verdict.Outcome is Outcome.KernelWarning or Outcome.Panic or Outcome.Hang, Is.True,
            $"{report.Verdict}\nLogs: {report.Directory}");
        Assert.Pass(report.Verdict.ToString());
    }

    // Without a kernel, so that it shows on the day on which a test gets another name.
    [Test]
    public void Its_tests_are_there() => Assert.That(
        Defect.All.Where(defect => defect.SeenBy is { } tests && MachineRuns.On(defect.DefectiveMachine, tests).Count == 0), Is.Empty);

    [Test]
    public void There_is_one_for_each_that_is_known()
    {
        Assert.That(Defect.All.Select(defect => defect.Number).Distinct(), Is.EqualTo(Enumerable.Range(1, Known)));
        Assert.That(Defect.All.Select(defect => defect.Name).Distinct(), Is.EqualTo(Defect.Files), "each says where it is put in");
    }
}
