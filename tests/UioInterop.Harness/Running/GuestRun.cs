using System.Globalization;
using CliWrap;
using UioInterop.GuestProtocol;
using UioInterop.Harness.Guests;
using UioInterop.Harness.Kernels;
using UioInterop.Harness.Machines;

namespace UioInterop.Harness.Running;

/// <summary>Boots a machine once, listens to it, and says what it came to.</summary>
public sealed record GuestRun
{
    public required Machine Machine { get; init; }

    public required KernelImage Kernel { get; init; }

    public required Initramfs Initramfs { get; init; }

    /// <summary>The tests that have to run; null for a program whose text is shown instead.</summary>
    public IReadOnlyList<string>? Expected { get; init; }

    /// <summary>A part of the names of the tests to run; null for all.</summary>
    public string? Filter { get; init; }

    public RunLimits Limits { get; init; } = RunLimits.Default;

    /// <summary>Called for each record when it arrives.</summary>
    public Action<GuestRecord> OnRecord { get; init; } = _ => { };

    /// <summary>Where the text of a program that is no test run goes.</summary>
    public TextWriter Text { get; init; } = TextWriter.Null;

    public async Task<RunReport> ExecuteAsync(CancellationToken cancel = default)
    {
        var directory = NewDirectory();
        using var port = new ResultPort();
        using var wire = Machine.HasWire ? new Wire() : null;
        var deviceTree = await DeviceTree.CompileAsync(Machine, directory, cancel);
        var command = Qemu(port.Path, wire, deviceTree).WithEnvironmentVariables(await Logic.EnvironmentAsync(Machine, directory, cancel));
        await File.WriteAllTextAsync(Path.Combine(directory, "qemu.cmd"), command + "\n", cancel);

        using var silence = new CancellationTokenSource(Limits.Silence);
        using var total = new CancellationTokenSource(Limits.Total);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, silence.Token, total.Token);
        using var signs = new Signs(
            Log(directory, "console.log"), Log(directory, Expected is null ? "output.txt" : "results.jsonl"), silence,
            Limits.Silence);
        using var ended = new CancellationTokenSource();
        var results = port.ReadAsync(reader => ReadResultsAsync(reader, signs, wire), ended.Token);
        var end = await RunQemuAsync(command, signs, () => Why(silence, total), stop.Token);
        await ended.CancelAsync();
        await results;
        cancel.ThrowIfCancellationRequested();
        return await ReportAsync(directory, signs, end);
    }

    private static async Task<QemuEnd> RunQemuAsync(
        Command command, Signs signs, Func<string> why, CancellationToken stop)
    {
        var errors = new System.Text.StringBuilder();
        try
        {
            var result = await command
                .WithStandardOutputPipe(PipeTarget.ToDelegate(signs.OnConsole))
                .WithStandardErrorPipe(PipeTarget.ToStringBuilder(errors))
                .ExecuteAsync(stop);
            return new QemuEnd(result.ExitCode, errors.ToString());
        }
        catch (OperationCanceledException)
        {
            return new QemuEnd(null, errors.ToString(), why());
        }
    }

    private string Why(CancellationTokenSource silence, CancellationTokenSource total) =>
        total.IsCancellationRequested ? $"it took longer than {Seconds(Limits.Total)}"
        : silence.IsCancellationRequested ? $"no word for {Seconds(Limits.Silence)}"
        : "interrupted";

    private async Task ReadResultsAsync(StreamReader reader, Signs signs, Wire? wire)
    {
        if (Expected is null)
        {
            await ReadTextAsync(reader, signs);
            return;
        }

        while (await reader.ReadLineAsync() is { } line)
        {
            var record = signs.OnRecord(line);
            if (record is FramesRecord frames)
                wire?.Send(frames.Count);
            OnRecord(record);
        }
    }

    private async Task ReadTextAsync(StreamReader reader, Signs signs)
    {
        var buffer = new char[1024];
        while (await reader.ReadAsync(buffer) is > 0 and var count)
        {
            signs.OnText(buffer.AsSpan(0, count));
            await Text.WriteAsync(buffer.AsMemory(0, count));
            await Text.FlushAsync();
        }
    }

    private async Task<RunReport> ReportAsync(string directory, Signs signs, QemuEnd end)
    {
        var evidence = new Evidence
        {
            Console = signs.Console,
            Records = signs.Records,
            Qemu = end,
            Expected = Expected,
            KnownLines = Machine.KnownLines,
        };
        var report = new RunReport(Machine, directory, Verdict.Of(evidence), evidence, signs.Times);
        await File.WriteAllTextAsync(
            Path.Combine(directory, "verdict.txt"),
            string.Join('\n', [report.Verdict, .. report.Verdict.Besides, report.Times, end.ErrorOutput, ""]));
        return report;
    }

    private Command Qemu(string resultSocket, Wire? wire, string? deviceTree) => Cli.Wrap(Machine.QemuBinary)
        .WithArguments([
            .. Machine.QemuArguments,
            "-m", Machine.MemoryMiB.ToString(CultureInfo.InvariantCulture),
            "-smp", Machine.Cpus.ToString(CultureInfo.InvariantCulture),
            "-nodefaults", "-no-reboot", "-display", "none",
            // The console is QEMU's own output, and comes to us through a pipe. No signals: Ctrl-C is ours.
            "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
            "-chardev", $"socket,id=results,path={resultSocket}", .. Machine.ResultPort,
            "-kernel", Kernel.Image, "-initrd", Initramfs.Path,
            .. wire?.QemuArguments ?? [],
            .. deviceTree is null ? [] : new[] { "-dtb", deviceTree },
            "-append", string.Join(' ', KernelArguments())])
        .WithValidation(CommandResultValidation.None);

    private IEnumerable<string> KernelArguments() =>
    [
        $"console={Machine.ConsoleTty}",
        // Every line with its level: the verdict depends on it. And nothing a program says is dropped.
        "console_msg_format=syslog", "printk.time=1", "printk.devkmsg=on",
        // After an oops nothing it says counts any more, and whoever waited for the dead task waits for ever.
        "oops=panic", "panic=-1",
        .. Machine.KernelArguments,
        .. new GuestSettings(
            Machine.Name, Machine.FilterFor(Filter), $"/dev/{Machine.ResultTty}", Machine.Device).ToKernelArguments(),
        .. Expected is null ? new[] { "uio.stdout=results" } : [],
    ];

    private string NewDirectory()
    {
        var time = DateTime.Now.ToString("yyyyMMdd-HHmmss.fff", CultureInfo.InvariantCulture);
        return Directory.CreateDirectory(
            Path.Combine(Repository.Artifacts, "runs", $"{time}-{Machine.Name}")).FullName;
    }

    private static StreamWriter Log(string directory, string name) =>
        new(Path.Combine(directory, name)) { AutoFlush = true };

    private static string Seconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#} s");
}
