using UioInterop.Machines;
using UioInterop.Machines.Host;

namespace UioInterop.Harness.Guests;

/// <summary>Programs in C that drive the cores of tests/logic, for a guest.</summary>
internal static class LogicClients
{
    public static async Task<IReadOnlyList<(string Build, string Program)>> EnsureAsync(
        Architecture architecture, CancellationToken cancel)
    {
        using var turn = await Artifacts.LockAsync("logic", cancel);
        var output = Artifacts.At("logic");
        await Shell.RunAsync(
            "make",
            ["-C", Repository.At("tests", "logic"), "--silent", $"BUILD={output}", $"CROSS={architecture.CrossPrefix}", "clients"], cancel);
        return [.. Directory.GetFiles(Path.Combine(output, "clients")).Select(program => (architecture.Name, program))];
    }
}
