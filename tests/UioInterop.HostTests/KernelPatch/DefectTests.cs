using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Harness.Kernels;
using UioInterop.Harness.Machines;
using UioInterop.Harness.Running;

namespace UioInterop.HostTests.KernelPatch;

/// <summary>
/// What earlier implementations of the import got wrong, put back into ours: a test, or the kernel's own checks, must notice
/// each. The same tests pass on the kernels without them: that is what all other runs show.
/// </summary>
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
            var error = await Assert.ThrowsAsync<HarnessException>(() => KernelBuilder.EnsureAsync(defect.DefectiveMachine.Kernel, cancel: MachineRuns.Cancel));
            Assert.That(error!.Message, Does.Contain("does not build").And.Contains("dma_buf").Or.Contains("uio_dmabuf"));
            return;
        }

        var report = await MachineRuns.BootAsync(defect.DefectiveMachine, tests);

        // A cost that grows without bound shows as silence.
        Assert.That(report.Verdict.Outcome, Is.EqualTo(Outcome.Failed).Or.EqualTo(Outcome.KernelWarning).Or.EqualTo(Outcome.Panic).Or.EqualTo(Outcome.Hang), $"{report.Verdict}\nLogs: {report.Directory}");
        Assert.Pass(report.Verdict.ToString());
    }

    [Test]
    public void There_is_one_for_each_that_is_known() =>
        Assert.That(Defect.All.Select(defect => defect.Number).Distinct(), Is.EqualTo(Enumerable.Range(1, Known)));
}
