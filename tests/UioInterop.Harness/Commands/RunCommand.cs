using System.CommandLine;
using Spectre.Console;
using UioInterop.Harness.Guests;
using UioInterop.Harness.Kernels;
using UioInterop.Harness.Machines;
using UioInterop.Harness.Running;

namespace UioInterop.Harness.Commands;

/// <summary>
/// Boots a machine for a program of somebody's own: its output and exit code are this command's, and our own words go to
/// the error output.
/// </summary>
internal static class RunCommand
{
    /// <summary>The exit code when the program has none, because its machine came to another end.</summary>
    private const int NoExitCode = 125;

    private static readonly TimeSpan s_ever = TimeSpan.FromDays(365);

    public static Command Create()
    {
        var program = new Argument<string>("PROGRAM") { Description = "A C# file, a project, a published folder or an executable." };
        var arguments = new Argument<string[]>("ARGUMENTS") { Description = "Its arguments, after --." };
        var machine = new Option<string>("--machine") { Description = "The machine to boot.", DefaultValueFactory = _ => MachineList.X64.Name };
        var ahead = new Option<bool>("--aot") { Description = "Compile it ahead, to a program without a runtime." };
        var kernel = new Option<string?>("--kernel") { Description = "A kernel of your own, as QEMU takes it." };
        var deviceTree = new Option<string?>("--dtb") { Description = "A device tree of your own, as a blob or as source." };
        var memory = new Option<int?>("--memory") { Description = "The machine's memory in MiB." };
        var append = new Option<string?>("--append") { Description = "More arguments for the kernel." };
        var trace = TraceOption.Create();
        var command = new Command("run", "Boot a machine and run a program of your own in it.")
        {
            program, arguments, machine, ahead, kernel, deviceTree, memory, append, trace,
        };
        command.SetAction((parsed, cancel) =>
        {
            var chosen = MachineList.Named(parsed.GetRequiredValue(machine));
            return RunAsync(
                chosen with
                {
                    DeviceTree = parsed.GetValue(deviceTree) is { } tree ? Existing(tree) : chosen.DeviceTree,
                    MemoryMiB = parsed.GetValue(memory) ?? chosen.MemoryMiB,
                    KernelArguments = [.. chosen.KernelArguments, .. parsed.GetValue(append) is { } more ? new[] { more } : []],
                },
                Here(parsed.GetRequiredValue(program)), parsed.GetValue(arguments) ?? [], parsed.GetValue(ahead),
                parsed.GetValue(kernel) is { } image ? KernelImage.Of(Existing(image)) : null,
                parsed.GetValue(trace), cancel);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        Machine machine, string path, IReadOnlyList<string> arguments, bool ahead, KernelImage? own, bool trace, CancellationToken cancel)
    {
        AnsiConsole.Console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        if (Console.IsErrorRedirected)
            AnsiConsole.Profile.Width = int.MaxValue;
        TraceOption.Check(trace, machine);
        Prerequisite.Require(machine);
        var program = await UserProgram.PrepareAsync(path, machine.Architecture, ahead, cancel);
        var kernel = own ?? await KernelProgress.BuildAsync(machine.Kernel, cancel);
        var initramfs = await ProgramInitramfs.BuildAsync(machine, program, arguments, kernel, cancel);
        var report = await RunAsync(machine, kernel, initramfs, cancel);
        if (trace)
            await TraceOption.ShowAsync(report, Console.Error);
        var code = InitSays.ExitCode(report.Evidence.Console);
        // A program that ends with an error says so itself. What else went wrong with its machine it cannot know.
        if (!report.Verdict.IsGood && (code is null or 0 || report.Verdict.Outcome != Outcome.Failed))
            VerdictText.Show(report);
        return code ?? NoExitCode;
    }

    private static async Task<RunReport> RunAsync(Machine machine, KernelImage kernel, Initramfs initramfs, CancellationToken cancel)
    {
        try
        {
            return await new GuestRun
            {
                Machine = machine,
                Kernel = kernel,
                Initramfs = initramfs,
                Input = Console.OpenStandardInput(),
                Output = Console.OpenStandardOutput(),
                // It may wait for a person.
                Limits = new RunLimits(s_ever, s_ever, s_ever),
            }.ExecuteAsync(cancel);
        }
        finally
        {
            File.Delete(initramfs.Path);
        }
    }

    // build.sh changes the folder.
    private static string Here(string path) =>
        Path.GetFullPath(path, Environment.GetEnvironmentVariable("STARTED_IN") ?? Environment.CurrentDirectory);

    private static string Existing(string path) =>
        File.Exists(Here(path)) ? Here(path) : throw new HarnessException($"There is no file {Here(path)}.");
}
