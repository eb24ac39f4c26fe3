using UioInterop.Harness.Guests;
using UioInterop.Machines;
using UioInterop.Machines.Guests;
using UioInterop.Machines.Kernels;
using UioInterop.Machines.Protocol;
using UioInterop.Machines.Running;

namespace UioInterop.Harness.Running;

/// <summary>A machine that runs the demo.</summary>
internal static class DemoRun
{
    private const string Proof = "the demo provokes this fault, and shows it as its proof";

    private static readonly KnownLine[] s_proofs =
    [
        new(@"^DMAR: (DRHD: handling fault status|\[DMA Write)", Proof),
        new(@"^arm-smmu-v3 \S+: event 0x10 received:|^arm_smmu_evtq_thread: \d+ callbacks suppressed", Proof),
    ];

    public static async Task<RunReport> ExecuteAsync(
        Machine machine, KernelImage kernel, Compilation compilation, Stream output, CancellationToken cancel = default)
    {
        var initramfs = await Initramfs.BuildAsync(
            machine, GuestPrograms.Demo with { Compilation = compilation }, kernel, others: [], cancel);
        return await new GuestRun
        {
            Machine = machine with { KnownLines = [.. machine.KnownLines, .. s_proofs] },
            Kernel = kernel,
            Initramfs = initramfs,
            Output = output,
        }.ExecuteAsync(cancel);
    }
}
