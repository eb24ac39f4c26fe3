using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using UioInterop.Machines.Host;
using UioInterop.Machines.Kernels;

namespace UioInterop.Machines.Tool.Commands;

/// <summary>Builds the kernels of machines, or throws them away.</summary>
internal static class KernelCommand
{
    public static Command Create()
    {
        var machine = MachinesOption.Create();
        var fingerprint = new Option<bool>("--fingerprint")
        {
            Description = "Only print a hash of what they are made from: a key for a cache of them.",
        };
        var prune = new Option<bool>("--prune")
        {
            Description = "Only remove from the cache what no machine of this version takes: old kernels and their sources, what another "
                + "version of uio-machine has made. No other command should run.",
        };
        var command = new Command("kernel", "Build and cache kernels.") { machine, fingerprint, prune };
        command.SetAction((parsed, cancel) =>
        {
            if (parsed.GetValue(prune))
                return PruneAsync(cancel);
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
        var old = await LeftOver.FindAsync(cancel);
        if (old.Count > 0)
            AnsiConsole.WriteLine($"{MiB(old.Sum(each => each.Size))} in {Cache.Root} are of other versions: --prune removes them.");
        return 0;
    }

    private static async Task<int> PruneAsync(CancellationToken cancel)
    {
        var old = await LeftOver.FindAsync(cancel);
        await LeftOver.RemoveAsync(old, cancel);
        foreach (var each in old)
            AnsiConsole.WriteLine($"Removed {each.Path}, {MiB(each.Size)}.");
        if (old.Count == 0)
            AnsiConsole.WriteLine($"Nothing to remove: all in {Cache.Root} is of this version.");
        return 0;
    }

    private static string MiB(long size) => string.Create(CultureInfo.InvariantCulture, $"{size / 1024.0 / 1024:0.0} MiB");

    private static async Task<int> PrintFingerprintAsync(IReadOnlyList<KernelVariant> variants, CancellationToken cancel)
    {
        var parts = new List<string>();
        foreach (var variant in variants)
            parts.Add(await KernelBuilder.FingerprintAsync(variant, Patch.For(variant), cancel));
        AnsiConsole.WriteLine(Fingerprint.OfText(parts));
        return 0;
    }
}
