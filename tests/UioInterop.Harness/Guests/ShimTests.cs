using UioInterop.Machines;
using UioInterop.Machines.Host;
using UioInterop.Machines.Kernels;

namespace UioInterop.Harness.Guests;

/// <summary>The shim's own tests, in C, as programs that need nothing but a kernel.</summary>
internal static class ShimTests
{
    public static async Task<IReadOnlyList<(string Build, string Program)>> EnsureAsync(
        Architecture architecture, CancellationToken cancel)
    {
        var programs = new List<(string, string)>();
        using var turn = await Artifacts.LockAsync("native", cancel);
        foreach (var build in architecture.ProgramBuilds)
        {
            await Shell.RunAsync(
                "make", ["-C", Repository.At("native"), "--silent", $"ARCH={build.Name}", "static-tests"], cancel);
            programs.AddRange(Directory.GetFiles(Repository.At("native", "build", build.Name, "static-tests"), "test_*")
                .Where(path => !Path.HasExtension(path))
                .Select(path => (build.Name, path)));
        }
        return programs;
    }
}
