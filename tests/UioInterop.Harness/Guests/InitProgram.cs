using UioInterop.Harness.Kernels;
using UioInterop.Harness.Machines;

namespace UioInterop.Harness.Guests;

/// <summary>The guest's first process, compiled from tests/init.</summary>
internal static class InitProgram
{
    public static async Task<string> EnsureAsync(Architecture architecture, CancellationToken cancel)
    {
        var source = Repository.At("tests", "init", "init.c");
        var directory = Directory.CreateDirectory(
            Path.Combine(Repository.Artifacts, "guest", "init", architecture.RuntimeIdentifier)).FullName;
        var program = Path.Combine(directory, "init");
        await Shell.RunAsync(
            architecture.Compiler, ["-static", "-O2", "-s", "-Wall", "-Wextra", "-Werror", "-o", program, source], cancel);
        return program;
    }
}
