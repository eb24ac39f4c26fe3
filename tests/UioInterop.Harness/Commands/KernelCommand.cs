using System.CommandLine;
using Spectre.Console;
using UioInterop.Harness.Kernels;
using UioInterop.Harness.Machines;

namespace UioInterop.Harness.Commands;

/// <summary>Builds the kernels of machines, or throws them away.</summary>
internal static class KernelCommand
{
    public static Command Create()
    {
        var machine = new Option<string>("--machine")
        {
            Description = "The machine whose kernel to build.",
            DefaultValueFactory = _ => MachineList.X64.Name,
        };
        var all = new Option<bool>("--all") { Description = "The kernels of all machines." };
        var command = new Command("kernel", "Build and cache kernels.") { machine, all };
        command.SetAction((parsed, cancel) => BuildAsync(
            parsed.GetValue(all) ? MachineList.All : MachineList.Chosen(parsed.GetRequiredValue(machine)), cancel));
        return command;
    }

    public static Command CreateClean()
    {
        var command = new Command("clean-cache", "Remove all built kernels and their sources.");
        command.SetAction(async (_, cancel) =>
        {
            using (await KernelCache.LockAsync(cancel))
                Directory.Delete(KernelCache.Root, recursive: true);
            AnsiConsole.WriteLine($"Removed {KernelCache.Root}.");
        });
        return command;
    }

    private static async Task<int> BuildAsync(IReadOnlyList<Machine> machines, CancellationToken cancel)
    {
        Prerequisite.Require(machines);
        foreach (var variant in machines.Select(machine => machine.Kernel).DistinctBy(variant => variant.ToString()))
        {
            var image = await KernelProgress.BuildAsync(variant, cancel);
            AnsiConsole.WriteLine($"Kernel for {variant}: {image.Image}");
        }
        return 0;
    }
}
