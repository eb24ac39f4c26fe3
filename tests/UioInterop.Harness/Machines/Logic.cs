using UioInterop.Harness.Kernels;

namespace UioInterop.Harness.Machines;

/// <summary>The programmable logic of tests/logic: a library that is preloaded into QEMU, and its programs for the guest.</summary>
internal static class Logic
{
    /// <summary>In the folder of a run: each access to a core.</summary>
    public const string TraceFile = "logic.trace";

    private static readonly string s_directory = Repository.At("tests", "logic");

    /// <summary>The library, up to date.</summary>
    public static async Task<string> EnsureAsync(CancellationToken cancel)
    {
        using var turn = await Repository.LockAsync("logic", cancel);
        await Shell.RunAsync("make", ["-C", s_directory, "--silent"], cancel);
        return Path.Combine(s_directory, "build", "liblogic.so");
    }

    /// <summary>What QEMU is started with: the library, and where it writes each access to a core.</summary>
    public static async Task<IReadOnlyDictionary<string, string?>> EnvironmentAsync(Machine machine, string directory, CancellationToken cancel) =>
        machine.HasLogic
            ? new Dictionary<string, string?>
            {
                ["LD_PRELOAD"] = await EnsureAsync(cancel),
                ["LOGIC_TRACE"] = Path.Combine(directory, TraceFile),
            }
            : new Dictionary<string, string?>();

    /// <summary>Programs in C that drive the cores, for a guest.</summary>
    public static async Task<IReadOnlyList<(string Build, string Program)>> ClientsAsync(Architecture architecture, CancellationToken cancel)
    {
        using var turn = await Repository.LockAsync("logic", cancel);
        await Shell.RunAsync("make", ["-C", s_directory, "--silent", $"CROSS={architecture.CrossPrefix}", "clients"], cancel);
        return [.. Directory.GetFiles(Path.Combine(s_directory, "build", "clients")).Select(program => (architecture.Name, program))];
    }
}
