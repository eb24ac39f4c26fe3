using UioInterop.Machines;

namespace UioInterop.Harness.Guests;

/// <summary>Programs in C that drive the cores of tests/logic, for a guest.</summary>
internal static class LogicClients
{
    public static async Task<IReadOnlyList<(string Build, string Program)>> EnsureAsync(
        Architecture architecture, CancellationToken cancel)
    {
        var output = await Logic.MakeAsync(cancel, $"CROSS={architecture.CrossPrefix}", "clients");
        return [.. Directory.GetFiles(Path.Combine(output, "clients")).Select(program => (architecture.Name, program))];
    }
}
