using UioInterop.Harness.Kernels;
using UioInterop.Harness.Machines;

namespace UioInterop.Harness.Guests;

/// <summary>The guest's first process, compiled from tests/init.</summary>
internal static class InitProgram
{
    private static readonly string s_source = Repository.At("tests", "init", "init.c");

    public static async Task<string> EnsureAsync(Architecture architecture, CancellationToken cancel)
    {
        var directory = Path.Combine(Repository.Artifacts, "guest", "init", architecture.RuntimeIdentifier);
        var program = Path.Combine(directory, "init");
        using var turn = await Repository.LockAsync($"init-{architecture}", cancel);
        if (File.GetLastWriteTimeUtc(program) > File.GetLastWriteTimeUtc(s_source))
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
