using UioInterop.Machines.Host;
using UioInterop.Machines.Kernels;

namespace UioInterop.Machines.Guests;

/// <summary>The guest's first process, compiled from tests/init.</summary>
internal static class InitProgram
{
    private static readonly string s_source = Content.At("tests", "init", "init.c");

    public static async Task<string> EnsureAsync(Architecture architecture, CancellationToken cancel)
    {
        var source = Fingerprint.OfText(await File.ReadAllTextAsync(s_source, cancel));
        var directory = Artifacts.At("guest", "init", $"{architecture.RuntimeIdentifier}-{source}");
        var program = Path.Combine(directory, "init");
        using var turn = await Artifacts.LockAsync($"init-{architecture}", cancel);
        if (File.Exists(program))
            return program;
        Directory.CreateDirectory(directory);
        // Others may read the old one.
        var staging = program + ".new";
        await Shell.RunAsync(
            architecture.Compiler, ["-static", "-O2", "-s", "-Wall", "-Wextra", "-Werror", "-o", staging, s_source], cancel);
        File.Move(staging, program, overwrite: true);
        return program;
    }
}
