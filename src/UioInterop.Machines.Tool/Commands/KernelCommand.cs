using System.CommandLine;
using Spectre.Console;
using UioInterop.Machines.Host;
using UioInterop.Machines.Kernels;

namespace UioInterop.Machines.Tool.Commands;

/// <summary>Builds the kernels of machines, or throws them away.</summary>
internal static class KernelCommand
{
    public static Command Create()
    {
        var machine = new Option<string>("--machine")
        {
            Description = $"The machine whose kernel to build; {MachineList.DefaultName} for the default machines, or all.",
            DefaultValueFactory = _ => MachineList.X64.Name,
        };
        var fingerprint = new Option<bool>("--fingerprint")
        {
            Description = "Only print a hash of what they are made from: a key for a cache of them.",
        };
        var command = new Command("kernel", "Build and cache kernels.") { machine, fingerprint };
        command.SetAction((parsed, cancel) =>
        {
            var variants = Variants(parsed.GetRequiredValue(machine));
            return parsed.GetValue(fingerprint) ? PrintFingerprintAsync(variants, cancel) : BuildAsync(variants, cancel);
        });
        return command;
    }

    public static Command CreateClean()
    {
        var command = new Command("clean-cache", "Remove all built kernels and their sources.");
        command.SetAction(async (_, cancel) =>
        {
            using (await Cache.LockAsync(cancel))
                Directory.Delete(Cache.Root, recursive: true);
            AnsiConsole.WriteLine($"Removed {Cache.Root}.");
        });
        return command;
    }

    private static KernelVariant[] Variants(string machine)
    {
        var machines = MachineList.Chosen(machine);
        Prerequisite.Require(machines);
        return [.. machines.Select(each => each.Kernel).DistinctBy(variant => variant.ToString())];
    }

    private static async Task<int> BuildAsync(IReadOnlyList<KernelVariant> variants, CancellationToken cancel)
    {
        foreach (var variant in variants)
        {
            var image = await KernelProgress.BuildAsync(variant, cancel);
            AnsiConsole.WriteLine($"Kernel for {variant}: {image.Image}");
        }
        return 0;
    }

    private static async Task<int> PrintFingerprintAsync(IReadOnlyList<KernelVariant> variants, CancellationToken cancel)
    {
        var parts = new List<string>();
        foreach (var variant in variants)
            parts.Add(await KernelBuilder.FingerprintAsync(variant, Patch.For(variant), cancel));
        AnsiConsole.WriteLine(Fingerprint.OfText(parts));
        return 0;
    }
}
