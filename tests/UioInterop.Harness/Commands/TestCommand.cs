using System.CommandLine;
using System.Globalization;
using System.Reflection;
using Spectre.Console;
using UioInterop.GuestProtocol;
using UioInterop.Harness.Guests;
using UioInterop.Harness.Machines;
using UioInterop.Harness.Running;
using UioInterop.TestRunner;

namespace UioInterop.Harness.Commands;

/// <summary>Runs the host tests, the guest tests of every machine among them, and prints each by name.</summary>
internal static class TestCommand
{
    public static Command Create()
    {
        var machine = new Option<string?>("--machine") { Description = "One machine, or all; without it, those of every day." };
        var filter = new Option<string?>("--filter") { Description = "Only tests with this in their name." };
        var guestOnly = new Option<bool>("--guest-only") { Description = "Only what runs in machines." };
        var hostOnly = new Option<bool>("--host-only") { Description = "Only what runs on the host." };
        var command = new Command("test", "Run all tests.") { machine, filter, guestOnly, hostOnly };
        command.SetAction((parsed, cancel) => RunAsync(
            new TestChoice(
                MachineList.Chosen(parsed.GetValue(machine)), parsed.GetValue(filter),
                !parsed.GetValue(guestOnly), !parsed.GetValue(hostOnly)), cancel));
        return command;
    }

    private static async Task<int> RunAsync(TestChoice choice, CancellationToken cancel)
    {
        Prerequisite.Require(choice.Machines);
        var assembly = new TestAssembly(Assembly.LoadFrom(HostTestsPath()));
        var tests = choice.From(assembly.List(new TestFilter()));
        await PrepareAsync(choice.MachinesOf(tests), cancel);

        MachineRuns.Filter = choice.Text;
        var printer = new TestPrinter();
        MachineRuns.Cancel = cancel;
        MachineRuns.Watch = printer.OnGuest;
        // NUnit blocks its thread until the last test is done.
        var end = await Task.Run(() => assembly.Run(GuestTestName.Host, tests, printer.OnHost), cancel);
        printer.Summarise();
        // Not through the pretty console, which wraps and trims: others read this line.
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{end.Passed} passed, {end.Failed} failed, {end.Skipped} skipped"));
        return end.Failed == 0 && end.Passed > 0 ? 0 : 1;
    }

    // What takes long and can fail comes first, where a person sees its progress.
    private static async Task PrepareAsync(IReadOnlyList<Machine> machines, CancellationToken cancel)
    {
        foreach (var machine in machines)
            await KernelProgress.BuildAsync(machine.Kernel, cancel);
        foreach (var architecture in machines.Select(machine => machine.Architecture).Distinct())
            await GuestProject.Tests.PublishAsync(architecture, cancel);
    }

    private static string HostTestsPath() => Repository.At(
        "tests", "UioInterop.HostTests", "bin", MachineRuns.Configuration, "net10.0", "UioInterop.HostTests.dll");
}
