using System.Globalization;
using CliWrap;
using UioInterop.Machines.Guests;
using UioInterop.Machines.Host;
using UioInterop.Machines.Kernels;
using UioInterop.Machines.Protocol;

namespace UioInterop.Machines.Running;

/// <summary>Boots a machine once, listens to it, and says what it came to.</summary>
public sealed record GuestRun
{
    /// <summary>What is booted.</summary>
    public required Machine Machine { get; init; }

    /// <summary>The kernel that is booted.</summary>
    public required KernelImage Kernel { get; init; }

    /// <summary>The guest's file system, with the program in it.</summary>
    public required Initramfs Initramfs { get; init; }

    /// <summary>The tests that have to run; null for a program whose text is shown instead.</summary>
    public IReadOnlyList<string>? Expected { get; init; }

    /// <summary>Whether the program is somebody's own tests: which ones, the guest says itself.</summary>
    public bool IsUserTests { get; init; }

    /// <summary>Where the logs stay; null for a new folder of their own.</summary>
    public string? Folder { get; init; }

    /// <summary>A part of the names of the tests to run; null for all.</summary>
    public string? Filter { get; init; }

    /// <summary>The seed of the order in which they run; null for the order they are written in.</summary>
    public int? Seed { get; init; }

    /// <summary>How long it may take.</summary>
    public RunLimits Limits { get; init; } = RunLimits.Default;

    /// <summary>Called for each record when it arrives.</summary>
    public Action<GuestRecord> OnRecord { get; init; } = _ => { };

    /// <summary>Where the output of a program that is no test run goes.</summary>
    public Stream Output { get; init; } = Stream.Null;

    /// <summary>What a program that is no test run gets as its input; null for none.</summary>
    public Stream? Input { get; init; }

    /// <summary>The size of a terminal for the program, "80x24"; null when its input and output are none.</summary>
    public string? Terminal { get; init; }

    /// <summary>Boots the machine, and returns at its end, when the program has ended or a limit was over.</summary>
    /// <param name="cancel">Ends the machine.</param>
    /// <exception cref="OperationCanceledException">It was ended by <paramref name="cancel"/>.</exception>
    public async Task<RunReport> ExecuteAsync(CancellationToken cancel = default)
    {
        using var slot = await BootSlots.OfThisHost.TakeAsync(Machine.MemoryMiB, cancel);
        using var time = Phases.Measure(Phases.Machines);
        var directory = NewDirectory();
        using var port = new ResultPort();
        using var wire = Machine.HasWire ? new Wire() : null;
        var deviceTree = await DeviceTree.CompileAsync(Machine, Kernel, directory, cancel);
        var command = Qemu(port.Path, wire, deviceTree).WithEnvironmentVariables(await Logic.EnvironmentAsync(Machine, directory, cancel));
        await File.WriteAllTextAsync(Path.Combine(directory, "qemu.cmd"), command + "\n", cancel);

        using var patience = new Patience(Limits);
        using var signs = new Signs(
            Log(directory, "console.log"), Log(directory, HasRecords ? "results.jsonl" : "output.txt"), patience.OnSign);
        using var ended = new CancellationTokenSource();
        var results = port.ReadAsync(stream => ReadResultsAsync(stream, signs, wire, ended.Token), ended.Token);
        var end = await RunQemuAsync(command, signs, patience, cancel);
        await ended.CancelAsync();
        await results;
        cancel.ThrowIfCancellationRequested();
        return await ReportAsync(directory, signs, end);
    }

    private static async Task<QemuEnd> RunQemuAsync(Command command, Signs signs, Patience patience, CancellationToken cancel)
    {
        var errors = new System.Text.StringBuilder();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.End);
        using var ended = new CancellationTokenSource();
        var watch = Task.CompletedTask;
        try
        {
            var qemu = command
                .WithStandardOutputPipe(PipeTarget.ToDelegate(signs.OnConsole))
                .WithStandardErrorPipe(PipeTarget.ToStringBuilder(errors))
                .ExecuteAsync(stop.Token);
            watch = patience.WatchAsync(qemu.ProcessId, ended.Token);
            return new QemuEnd((await qemu).ExitCode, errors.ToString());
        }
        catch (OperationCanceledException)
        {
            return new QemuEnd(null, errors.ToString(), patience.Why ?? "interrupted");
        }
        finally
        {
            await ended.CancelAsync();
            await watch;
        }
    }

    private bool HasRecords => Expected is not null || IsUserTests;

    private async Task ReadResultsAsync(Stream port, Signs signs, Wire? wire, CancellationToken ended)
    {
        if (!HasRecords)
        {
            if (Input is not null && await ProgramInput.IsAskedForAsync(port))
                _ = ProgramInput.SendAsync(Input, port, ended);
            await ReadOutputAsync(port, signs);
            return;
        }

        using var reader = new StreamReader(port);
        while (await reader.ReadLineAsync(CancellationToken.None) is { } line)
        {
            if (IsUserTests && line.Length == 0)
                continue;
            var record = signs.OnRecord(IsUserTests ? RecordIn(line) : line);
            if (record is FramesRecord frames)
                wire?.Send(frames.Count);
            OnRecord(record);
        }
    }

    // What their program prints past its console comes between the records.
    private static string RecordIn(string line) =>
        GuestRecordFormat.FromLine(line) is ProblemRecord ? GuestRecordFormat.ToLine(new OutputRecord(line)) : line;

    private async Task ReadOutputAsync(Stream port, Signs signs)
    {
        var buffer = new byte[4096];
        while (await port.ReadAsync(buffer, CancellationToken.None) is > 0 and var count)
        {
            signs.OnOutput(buffer.AsSpan(0, count));
            await Output.WriteAsync(buffer.AsMemory(0, count));
            await Output.FlushAsync();
        }
    }

    private async Task<RunReport> ReportAsync(string directory, Signs signs, QemuEnd end)
    {
        var evidence = new Evidence
        {
            Console = signs.Console,
            Records = signs.Records,
            Qemu = end,
            Expected = IsUserTests ? signs.Records.OfType<StartRecord>().FirstOrDefault()?.Tests ?? [] : Expected,
            KnownLines = Machine.KnownLines,
        };
        Phases.Add(Phases.Boots, signs.Times.FirstTest ?? signs.Times.Total);
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
            Machine.Name, Machine.FilterFor(Filter), $"/dev/{Machine.ResultTty}", Machine.Device, Seed).ToKernelArguments(),
        // Nobody has a mouse there, and to find that takes a PC 0.3 s.
        .. Expected is null ? new[] { "uio.stdout=results", "i8042.noaux" } : [],
        .. Input is not null ? new[] { "uio.stdin=results" } : [],
        .. Terminal is not null ? new[] { $"uio.terminal={Terminal}" } : [],
    ];

    private string NewDirectory()
    {
        if (Folder is not null)
            return Directory.CreateDirectory(Folder).FullName;
        var time = DateTime.Now.ToString("yyyyMMdd-HHmmss.fff", CultureInfo.InvariantCulture);
        return Directory.CreateDirectory(
            Artifacts.At("runs", $"{time}-{Machine.Name}")).FullName;
    }

    private static StreamWriter Log(string directory, string name) =>
        new(Path.Combine(directory, name)) { AutoFlush = true };
}
