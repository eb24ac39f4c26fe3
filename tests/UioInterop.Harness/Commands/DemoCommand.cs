using System.CommandLine;
using Spectre.Console;
using UioInterop.Harness.Running;
using UioInterop.Machines;
using UioInterop.Machines.Guests;
using UioInterop.Machines.Running;
using UioInterop.Machines.Tool.Commands;

namespace UioInterop.Harness.Commands;

/// <summary>Boots a machine and shows what the demo inside it says.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var machine = new Option<string>("--machine")
        {
            Description = "The machine to boot.",
            DefaultValueFactory = _ => MachineList.X64.Name,
        };
        var compilation = new Option<string>("--compilation")
        {
            Description = $"How the program is compiled: {string.Join(", ", Compilation.All)}.",
            DefaultValueFactory = _ => Compilation.ReadyToRun.Name,
        };
        var trace = TraceOption.Create();
        var command = new Command("demo", "Boot a machine and run the demo in it.") { machine, compilation, trace };
        command.SetAction((parsed, cancel) => RunAsync(
            MachineList.Named(parsed.GetRequiredValue(machine)), Compilation.Named(parsed.GetRequiredValue(compilation)),
            parsed.GetValue(trace), cancel));
        return command;
    }

    private static async Task<int> RunAsync(Machine machine, Compilation compilation, bool trace, CancellationToken cancel)
    {
        TraceOption.Check(trace, machine);
        Prerequisite.Require(machine);
        var kernel = await KernelProgress.BuildAsync(machine.Kernel, cancel);
        AnsiConsole.WriteLine($"Booting {machine.Name}: {machine.Summary}.");
        AnsiConsole.WriteLine();
        var report = await DemoRun.ExecuteAsync(machine, kernel, compilation, Console.OpenStandardOutput(), cancel);
        if (trace)
            await TraceOption.ShowAsync(report, Console.Out);
        AnsiConsole.WriteLine();
        VerdictText.Show(report);
        return report.Verdict.IsGood ? 0 : 1;
    }
}
