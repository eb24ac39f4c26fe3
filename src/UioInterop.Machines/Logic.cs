using UioInterop.Machines.Host;
using UioInterop.Machines.Kernels;

namespace UioInterop.Machines;

/// <summary>The programmable logic of tests/logic: a library that is preloaded into QEMU.</summary>
internal static class Logic
{
    /// <summary>In the folder of a run: each access to a core.</summary>
    public const string TraceFile = "logic.trace";

    /// <summary>The library, up to date.</summary>
    public static async Task<string> EnsureAsync(CancellationToken cancel) => Path.Combine(await MakeAsync(cancel), "liblogic.so");

    /// <summary>Has make do what it does with these arguments, and tells the folder of what it makes.</summary>
    public static async Task<string> MakeAsync(CancellationToken cancel, params IEnumerable<string> arguments)
    {
        using var turn = await Artifacts.LockAsync("logic", cancel);
        var output = Artifacts.At("logic");
        await Shell.RunAsync("make", ["-C", Content.At("tests", "logic"), "--silent", $"BUILD={output}", .. arguments], cancel);
        return output;
    }

    /// <summary>What QEMU is started with: the library, and where it writes each access to a core.</summary>
    public static async Task<IReadOnlyDictionary<string, string?>> EnvironmentAsync(Machine machine, string directory,
        CancellationToken cancel) =>
        machine.HasLogic
            ? new Dictionary<string, string?>
            {
                ["LD_PRELOAD"] = await EnsureAsync(cancel),
                ["LOGIC_TRACE"] = Path.Combine(directory, TraceFile),
            }
            : new Dictionary<string, string?>();
}
