using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;
using Spectre.Console;
using UioInterop.Harness.Checks;
using UioInterop.Harness.Reports;
using UioInterop.Harness.Running;
using UioInterop.Machines;
using UioInterop.Machines.Kernels;
using UioInterop.Machines.Protocol;
using UioInterop.Machines.Reports;
using UioInterop.Machines.Tool.Commands;
using UioInterop.TestRunner;

namespace UioInterop.Harness.Commands;

/// <summary>Runs the host tests, the guest tests of every machine among them, and prints each by name.</summary>
internal static class TestCommand
{
    // Fixtures of the host that run side by side: most of them wait, for a machine or for make.
    private const int Workers = 3;

    public static Command Create()
    {
        var machine = new Option<string?>("--machine") { Description = "One machine, or all; without it, the default machines." };
        var filter = new Option<string?>("--filter") { Description = "Only tests with this in their name." };
        var guestOnly = new Option<bool>("--guest-only") { Description = "Only what runs in machines." };
        var hostOnly = new Option<bool>("--host-only") { Description = "Only what runs on the host." };
        var quick = new Option<bool>("--quick") { Description = "The x86-64 machine, and short tests of the host." };
        var shard = new Option<string?>("--shard") { Description = "A part of all tests: 2/4 is the second of four." };
        var fresh = new Option<bool>("--fresh") { Description = "Make checks again that passed and whose inputs are the same." };
        var random = new Option<int?>("--random")
        {
            Description = "Guest tests in random order, by this seed or one that is printed.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var reports = new Option<string[]>("--report") { Description = "junit=FILE or summary=FILE; may be given again." };
        var command = new Command("test", "Run all tests.") { machine, filter, guestOnly, hostOnly, quick, shard, fresh, random, reports };
        command.SetAction((parsed, cancel) =>
        {
            PassedChecks.Ignored = parsed.GetValue(fresh);
            MachineRuns.Filter = parsed.GetValue(filter);
            if (parsed.GetResult(random) is not null)
                MachineRuns.Seed = parsed.GetValue(random) ?? Random.Shared.Next();
            var choice = new TestChoice(
                parsed.GetValue(quick) ? [MachineList.X64] : MachineList.Chosen(parsed.GetValue(machine)), parsed.GetValue(filter),
                !parsed.GetValue(guestOnly), !parsed.GetValue(hostOnly))
            {
                IsQuick = parsed.GetValue(quick),
                Shard = parsed.GetValue(shard) is { } part ? Shard.Parse(part) : null,
            };
            return RunAsync(choice, [.. (parsed.GetValue(reports) ?? []).Select(report => ReportFile.Parse(report))], cancel);
        });
        return command;
    }

    private static async Task<int> RunAsync(TestChoice choice, IReadOnlyList<ReportFile> reports, CancellationToken cancel)
    {
        Prerequisite.Require(choice.Machines);
        var clock = Stopwatch.StartNew();
        if (MachineRuns.Seed is { } seed)
            AnsiConsole.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Guest tests in random order: --random {seed} repeats it."));
        var assembly = new TestAssembly(LoadHostTests(), Workers);
        var tests = choice.From(assembly.List(choice.HostFilter));
        var printer = new TestPrinter();
        MachineRuns.Watch = printer.OnGuest;
        var end = await RunAsync(assembly, tests, choice, printer, cancel);

        printer.Summarise();
        TimeReport.Show(printer.Entries, clock.Elapsed);
        Durations.Keep(Durations.Of(printer.Entries));
        foreach (var report in reports)
            report.Write(printer.Entries);
        // Not through the pretty console, which wraps and trims: others read this line.
        Console.Out.WriteLine(TestPrinter.Totals(end));
        return end.Failed == 0 && end.Passed > 0 ? 0 : 1;
    }

    private static async Task<EndRecord> RunAsync(
        TestAssembly assembly, IReadOnlyList<string> tests, TestChoice choice, TestPrinter printer, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        MachineRuns.Cancel = stop.Token;
        var boots = BootAllAsync(choice.MachinesOf(tests), choice.GuestsOf(tests), stop.Token);
        // NUnit blocks its thread until the last test is done.
        var run = Task.Run(() => assembly.Run(GuestTestName.Host, tests, printer.OnHost), CancellationToken.None);
        if (await Task.WhenAny(run, boots) == boots && !boots.IsCompletedSuccessfully)
        {
            // A kernel that does not build is one error, not a thousand tests that fail for it.
            assembly.Stop();
            await stop.CancelAsync();
            await run;
            await boots;
        }
        return await run.WaitAsync(cancel);
    }

    // Machines run while kernels of others are built, and beside the tests of the host. The longest begins first; what has to
    // be built comes after what is there.
    private static async Task BootAllAsync(IReadOnlyList<Machine> machines, IReadOnlyList<Machine> guests, CancellationToken cancel)
    {
        var order = new List<(Machine Machine, bool IsBuilt)>();
        foreach (var machine in machines)
            order.Add((machine, await KernelBuilder.IsBuiltAsync(machine.Kernel, cancel)));
        var built = order.OrderByDescending(each => each.IsBuilt)
            // Kernels of one architecture follow each other: they share objects.
            .ThenBy(each => each.IsBuilt ? "" : each.Machine.Architecture.Name, StringComparer.Ordinal)
            .ThenByDescending(each => Durations.Committed.GetValueOrDefault(each.Machine.Name, double.MaxValue));
        foreach (var (machine, _) in built)
        {
            await KernelProgress.BuildBesideOthersAsync(machine.Kernel, cancel);
            if (guests.Contains(machine))
                _ = MachineRuns.RunAsync(machine);
        }
    }

    // Assemblies for one kind of system lie deeper than beside it: its list of dependencies says where.
    private static Assembly LoadHostTests()
    {
        var path = Repository.At("tests", "UioInterop.HostTests", "bin", MachineRuns.Configuration, "net10.0", "UioInterop.HostTests.dll");
        var resolver = new AssemblyDependencyResolver(path);
        AssemblyLoadContext.Default.Resolving += (context, name) =>
            resolver.ResolveAssemblyToPath(name) is { } found ? context.LoadFromAssemblyPath(found) : null;
        return AssemblyLoadContext.Default.LoadFromAssemblyPath(path);
    }
}
