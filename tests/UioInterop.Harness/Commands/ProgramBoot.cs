using Spectre.Console;
using UioInterop.Harness.Guests;
using UioInterop.Harness.Kernels;
using UioInterop.Harness.Machines;
using UioInterop.Harness.Running;

namespace UioInterop.Harness.Commands;

/// <summary>
/// Boots a machine for a program that is no test: its input, output and exit code are this command's, and our own words go to the
/// error output.
/// </summary>
internal static class ProgramBoot
{
    /// <summary>The exit code when the program has none, because its machine came to another end.</summary>
    private const int NoExitCode = 125;

    private static readonly TimeSpan s_ever = TimeSpan.FromDays(365);

    public static async Task<int> RunAsync(
        Machine machine, KernelImage? own, Func<Task<UserProgram>> prepare, IReadOnlyList<string> arguments, bool trace,
        CancellationToken cancel)
    {
        AnsiConsole.Console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        if (Console.IsErrorRedirected)
            AnsiConsole.Profile.Width = int.MaxValue;
        TraceOption.Check(trace, machine);
        Prerequisite.Require(machine);
        var program = await prepare();
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
}
