using UioInterop.Machines;
using UioInterop.Machines.Guests;
using UioInterop.Machines.Kernels;

namespace UioInterop.Harness.Guests;

/// <summary>Our own programs for machines.</summary>
internal static class GuestPrograms
{
    public static GuestProject Tests { get; } = new("UioInterop.GuestTests", Repository.At("tests", "UioInterop.GuestTests"))
    {
        Inputs = [Repository.At("tests", "UioInterop.TestRunner")],
    };

    public static GuestProject Demo { get; } = new("UioInterop.Demo", Repository.At("src", "UioInterop.Demo"));

    public static GuestProject RegisterProbe { get; } = new(
        "UioInterop.RegisterProbe", Repository.At("tests", "UioInterop.RegisterProbe"));

    /// <summary>The tests in C that the guest tests run, in a folder for each kind, and in it one for each build.</summary>
    public static async Task<IReadOnlyList<GuestFile>> TestsInCAsync(Machine machine, KernelImage kernel, CancellationToken cancel) =>
    [
        .. In("shim-tests", await ShimTests.EnsureAsync(machine.Architecture, cancel)),
        .. In("logic-clients", machine.HasLogic ? await LogicClients.EnsureAsync(machine.Architecture, cancel) : []),
        .. In("selftests", kernel.Selftests),
    ];

    private static IEnumerable<GuestFile> In(string folder, IEnumerable<(string Build, string Program)> programs) =>
        programs.Select(one => new GuestFile($"{folder}/{one.Build}/{Path.GetFileName(one.Program)}", one.Program));
}
