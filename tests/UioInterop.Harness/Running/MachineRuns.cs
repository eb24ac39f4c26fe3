using System.Collections.Concurrent;
using System.Reflection;
using UioInterop.Harness.Guests;
using UioInterop.Machines;
using UioInterop.Machines.Guests;
using UioInterop.Machines.Kernels;
using UioInterop.Machines.Protocol;
using UioInterop.Machines.Running;
using UioInterop.TestRunner;

namespace UioInterop.Harness.Running;

/// <summary>
/// The guest tests as the host sees them: which there are on each machine, and how they went. Each machine boots
/// once: beforehand, or when the first result of it is asked for.
/// </summary>
internal static class MachineRuns
{
    private static readonly Lazy<TestAssembly> s_assembly = new(Load);
    private static readonly ConcurrentDictionary<string, Lazy<Task<RunReport>>> s_runs = new();

    // Those that run, and the one after them: its file system is built while they do.
    private static readonly SemaphoreSlim s_prepared = new(3);

    /// <summary>A part of the names of the tests to run; null for all. Set it before the first run.</summary>
    public static string? Filter { get; set; }

    /// <summary>The seed of the order in which a machine runs its tests; null for the order they are written in.</summary>
    public static int? Seed { get; set; }

    /// <summary>Sees every record of every machine when it arrives.</summary>
    public static Action<Machine, GuestRecord> Watch { get; set; } = (_, _) => { };

    /// <summary>Ends the machines that run, and boots no other.</summary>
    public static CancellationToken Cancel { get; set; }

    /// <summary>All tests, whatever machine they are for.</summary>
    public static IReadOnlyList<string> All => s_assembly.Value.All;

    /// <summary>The tests that run on a machine; with a text, those that have it in their names.</summary>
    public static IReadOnlyList<string> On(Machine machine, string? text = null) => s_assembly.Value.List(machine.FilterFor(text));

    public static Task<RunReport> RunAsync(Machine machine) =>
        s_runs.GetOrAdd(machine.Name, _ => new Lazy<Task<RunReport>>(() =>
            BootAsync(machine, Filter, record => Watch(machine, record)))).Value;

    /// <summary>The run of a machine that has come to its end; null when there is none.</summary>
    public static RunReport? Finished(string machine) =>
        s_runs.TryGetValue(machine, out var run) && run is { IsValueCreated: true, Value.IsCompletedSuccessfully: true } ? run.Value.Result
            : null;

    /// <summary>A run by itself, of the tests with this text in their names.</summary>
    public static async Task<RunReport> BootAsync(Machine machine, string? text, Action<GuestRecord>? watch = null)
    {
        var kernel = await KernelBuilder.EnsureAsync(machine.Kernel, cancel: Cancel);
        // A filter that no guest test fits was about the machine's name.
        var expected = On(machine, text);
        var filter = expected.Count > 0 ? text : null;
        await s_prepared.WaitAsync(Cancel);
        try
        {
            return await new GuestRun
            {
                Machine = machine,
                Kernel = kernel,
                Initramfs = await Initramfs.BuildAsync(
                    machine, GuestPrograms.Tests, kernel, await GuestPrograms.TestsInCAsync(machine, kernel, Cancel), Cancel),
                Expected = expected.Count > 0 ? expected : On(machine),
                Filter = filter,
                Seed = Seed,
                OnRecord = watch ?? (_ => { }),
            }.ExecuteAsync(Cancel);
        }
        finally
        {
            s_prepared.Release();
        }
    }

    // Only listed here, never run: the assembly's types are of no use on the host.
    private static TestAssembly Load()
    {
        var name = GuestPrograms.Tests.Name;
        var path = Path.Combine(AppContext.BaseDirectory, name + ".dll");
        if (!File.Exists(path))
            path = Repository.At("tests", "UioInterop.HostTests", "bin", Configuration, "net10.0", name + ".dll");
        return new TestAssembly(Assembly.LoadFrom(path));
    }

    /// <summary>The host tests are looked for in the build this program belongs to.</summary>
    internal static string Configuration =>
        AppContext.BaseDirectory.Contains("/Debug/", StringComparison.Ordinal) ? "Debug" : "Release";
}
