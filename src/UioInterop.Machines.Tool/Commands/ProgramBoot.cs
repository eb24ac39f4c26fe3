using Spectre.Console;
using UioInterop.Machines.Guests;
using UioInterop.Machines.Kernels;
using UioInterop.Machines.Reports;
using UioInterop.Machines.Running;

namespace UioInterop.Machines.Tool.Commands;

/// <summary>
/// Boots a machine for somebody's own program: its input, output and exit code are this command's, and our own words go to the
/// error output. NUnit tests are run as such, and each has its line.
/// </summary>
internal sealed record ProgramBoot
{
    /// <summary>The exit code when the program has none, because its machine came to another end.</summary>
    private const int NoExitCode = 125;

    private static readonly TimeSpan s_ever = TimeSpan.FromDays(365);

    public required Machine Machine { get; init; }

    /// <summary>A kernel of their own; null for the machine's.</summary>
    public KernelImage? Kernel { get; init; }

    /// <summary>Whether each access to a core of the logic is printed after the run.</summary>
    public bool IsTraced { get; init; }

    /// <summary>Where the run's logs stay; null for a folder of their own among the others.</summary>
    public string? Folder { get; init; }

    public Func<Task<UserProgram>> Prepare { get; init; } = () => throw new InvalidOperationException("There is no program.");

    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Whether this command's terminal, if it has one, becomes the program's.</summary>
    public bool TakesTerminal { get; init; }

    /// <summary>A part of the names of the tests to run; null for all.</summary>
    public string? Filter { get; init; }

    /// <summary>The reports of the tests.</summary>
    public IReadOnlyList<ReportFile> Reports { get; init; } = [];

    public async Task<int> RunAsync(CancellationToken cancel)
    {
        SpeakTo(Console.Error);
        TraceOption.Check(IsTraced, Machine);
        Prerequisite.Require(Machine);
        var program = await Prepare();
        if (!program.IsTests && (Reports.Count > 0 || Filter is not null))
            throw new MachineException("--report and --filter are for NUnit tests, and this program has none.");
        var kernel = Kernel ?? await KernelProgress.BuildAsync(Machine.Kernel, cancel);
        var run = new GuestRun
        {
            Machine = Machine,
            Kernel = kernel,
            Initramfs = await ProgramInitramfs.BuildAsync(Machine, program, Arguments, kernel, cancel),
            Folder = Folder,
        };
        return program.IsTests ? await TestAsync(run, cancel) : await ShowAsync(run, cancel);
    }

    private async Task<int> ShowAsync(GuestRun run, CancellationToken cancel)
    {
        using var terminal = TakesTerminal ? RawTerminal.Take() : null;
        var report = await RunAsync(
            run with
            {
                Input = terminal?.Keys ?? Console.OpenStandardInput(),
                Terminal = terminal?.Size,
                Output = Console.OpenStandardOutput(),
                // It may wait for a person.
                Limits = new RunLimits(s_ever, s_ever, s_ever),
            }, cancel);
        var code = report.ExitCode;
        // A program that ends with an error says so itself. What else went wrong with its machine it cannot know.
        if (!report.Verdict.IsGood && (code is null or 0 || report.Verdict.Outcome != Outcome.Failed))
            VerdictText.Show(report);
        return code ?? NoExitCode;
    }

    private async Task<int> TestAsync(GuestRun run, CancellationToken cancel)
    {
        SpeakTo(Console.Out);
        var printer = new TestPrinter();
        var report = await RunAsync(
            run with
            {
                IsUserTests = true,
                Filter = Filter,
                OnRecord = record => printer.OnGuest(Machine, record),
                Limits = RunLimits.UserTests,
            }, cancel);
        printer.OnVerdict(report);
        printer.Summarise();
        foreach (var file in Reports)
            file.Write(printer.Entries);
        Console.Out.WriteLine(TestPrinter.Totals(report.End));
        return report.Verdict.IsGood ? 0 : 1;
    }

    private async Task<RunReport> RunAsync(GuestRun run, CancellationToken cancel)
    {
        try
        {
            var report = await run.ExecuteAsync(cancel);
            if (IsTraced)
                await TraceOption.ShowAsync(report, Console.Error);
            return report;
        }
        finally
        {
            File.Delete(run.Initramfs.Path);
        }
    }

    private static void SpeakTo(TextWriter writer)
    {
        AnsiConsole.Console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });
        if (writer == Console.Error ? Console.IsErrorRedirected : Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = int.MaxValue;
    }
}
