using System.CommandLine;
using Spectre.Console;
using UioInterop.Harness.Guests;
using UioInterop.GuestProtocol;
using UioInterop.Harness.Machines;
using UioInterop.Harness.Running;

namespace UioInterop.Harness.Commands;

/// <summary>Boots a machine and shows what the demo inside it says.</summary>
internal static class DemoCommand
{
    private const string Proof = "the demo provokes this fault, and shows it as its proof";

    private static readonly KnownLine[] s_proofs =
    [
        new(@"^DMAR: (DRHD: handling fault status|\[DMA Write)", Proof),
        new(@"^arm-smmu-v3 \S+: event 0x10 received:|^arm_smmu_evtq_thread: \d+ callbacks suppressed", Proof),
    ];

    public static Command Create()
    {
        var machine = new Option<string>("--machine")
        {
            Description = "The machine to boot.",
            DefaultValueFactory = _ => MachineList.X64.Name,
        };
        var command = new Command("demo", "Boot a machine and run the demo in it.") { machine };
        command.SetAction((parsed, cancel) => RunAsync(MachineList.Named(parsed.GetRequiredValue(machine)), cancel));
        return command;
    }

    private static async Task<int> RunAsync(Machine machine, CancellationToken cancel)
    {
        Prerequisite.Require(machine);
        var kernel = await KernelProgress.BuildAsync(machine.Kernel, cancel);
        var initramfs = await Initramfs.BuildAsync(machine, GuestProject.Demo, kernel, cancel);
        AnsiConsole.WriteLine($"Booting {machine.Name}: {machine.Summary}.");
        AnsiConsole.WriteLine();
        var report = await new GuestRun
        {
            Machine = machine with { KnownLines = [.. machine.KnownLines, .. s_proofs] },
            Kernel = kernel,
            Initramfs = initramfs,
            Text = Console.Out,
        }.ExecuteAsync(cancel);
        AnsiConsole.WriteLine();
        VerdictText.Show(report);
        return report.Verdict.IsGood ? 0 : 1;
    }
}
