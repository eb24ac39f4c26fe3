using System.Globalization;
using System.Text.RegularExpressions;
using CliWrap;
using CliWrap.Buffered;
using UioInterop.Machines.Host;

namespace UioInterop.Machines.Kernels;

/// <summary>
/// Patched source and a configured object directory, with the cache's lock held until it is disposed. The variants of an
/// architecture share the object directory, so that a second one compiles only what differs.
/// </summary>
internal sealed partial class KernelTree : IDisposable
{
    private readonly IDisposable _lock;
    private readonly KernelVariant _variant;
    private readonly IProgress<BuildProgress> _progress;

    private KernelTree(
        IDisposable held, KernelVariant variant, string source, string objects, IProgress<BuildProgress> progress)
    {
        _lock = held;
        _variant = variant;
        _progress = progress;
        SourceDirectory = source;
        ObjectDirectory = objects;
    }

    public string SourceDirectory { get; }

    public string ObjectDirectory { get; }

    private string ConfigurationFile => Path.Combine(ObjectDirectory, ".config");

    private string CountFile => ObjectDirectory + ".objects";

    internal static async Task<KernelTree> OpenAsync(
        KernelSource source, IReadOnlyList<Patch> patches, KernelVariant variant, IDisposable held,
        IProgress<BuildProgress> progress, CancellationToken cancel)
    {
        var patched = new PatchedSource(source);
        await patched.EnsureAsync(patches, progress, cancel);
        var objects = Cache.At("build",
            $"{variant.Architecture.Name}-{patched.Key}{(variant.HasOwnObjects ? $"-{variant.Name}" : "")}");
        var tree = new KernelTree(held, variant, patched.Directory, objects, progress);
        await tree.ConfigureAsync(patches, cancel);
        return tree;
    }

    /// <summary>Runs make in the object directory, whatever it may say, and returns all it said.</summary>
    public async Task<BufferedCommandResult> MakeAsync(IEnumerable<string> arguments, CancellationToken cancel = default) =>
        await Make(arguments).ExecuteBufferedAsync(cancel);

    /// <summary>Builds kernel and modules; its output goes to the log.</summary>
    internal async Task BuildAsync(string log, CancellationToken cancel)
    {
        var fresh = !File.Exists(Path.Combine(ObjectDirectory, "vmlinux.a"));
        int? total = fresh ? ExpectedObjects() : null;
        var done = 0;
        string[] targets = _variant.Modules.Count > 0 ? [_variant.Architecture.KernelTarget, "modules"]
            : [_variant.Architecture.KernelTarget];
        await using (var writer = new StreamWriter(log))
        {
            writer.AutoFlush = true;
            // One pipe for both: errors belong next to the object they are about.
            var target = PipeTarget.ToDelegate(line =>
            {
                lock (writer)
                {
                    writer.WriteLine(line);
                    if (CompiledObject().IsMatch(line))
                        _progress.Report(new BuildProgress("compiling", ++done, total));
                }
            });
            _progress.Report(new BuildProgress("compiling", 0, total));
            var result = await (Make(targets) | (target, target)).ExecuteAsync(cancel);
            if (result.ExitCode == 0 && fresh)
                await File.WriteAllTextAsync(CountFile, done.ToString(CultureInfo.InvariantCulture), cancel);
            if (result.ExitCode == 0)
                return;
        }
        throw new MachineException(
            $"The kernel for {_variant} does not build. The whole log is in {log}; it ends with:\n{LastErrors(log)}");
    }

    private Command Make(IEnumerable<string> arguments) => Cli.Wrap("make")
        .WithArguments([
            "-C", SourceDirectory, $"O={ObjectDirectory}", $"ARCH={_variant.Architecture.KernelName}",
            $"CROSS_COMPILE={_variant.Architecture.CrossPrefix}", $"-j{Environment.ProcessorCount}",
            .. arguments])
        .WithEnvironmentVariables(new Dictionary<string, string?>
        {
            ["LC_ALL"] = "C",
            ["MAKEFLAGS"] = null,
            // The same input shall give the same kernel.
            ["KBUILD_BUILD_TIMESTAMP"] = "1970-01-01",
            ["KBUILD_BUILD_USER"] = "uiointerop",
            ["KBUILD_BUILD_HOST"] = "uiointerop",
        })
        .WithValidation(CommandResultValidation.None);

    private async Task ConfigureAsync(IReadOnlyList<Patch> patches, CancellationToken cancel)
    {
        Directory.CreateDirectory(ObjectDirectory);
        var asked = KernelConfiguration.For(_variant, patches);
        var fragment = Path.Combine(ObjectDirectory, "fragment.config");
        var wanted = Fingerprint.OfText([asked, .. patches.Where(patch => patch.ChangesConfiguration).Select(patch => patch.Text)]);
        var stamp = Path.Combine(ObjectDirectory, "configured");
        if (File.Exists(stamp) && await File.ReadAllTextAsync(stamp, cancel) == wanted)
            return;
        _progress.Report(new BuildProgress("configuring"));
        File.Delete(stamp);
        await File.WriteAllTextAsync(fragment, asked, cancel);
        await MustAsync("tinyconfig", cancel);
        await Shell.RunAsync(
            Path.Combine(SourceDirectory, "scripts/kconfig/merge_config.sh"),
            ["-m", "-O", ObjectDirectory, ConfigurationFile, fragment], cancel, SourceDirectory);
        await MustAsync("olddefconfig", cancel);
        RequireAll(asked);
        await File.WriteAllTextAsync(stamp, wanted, cancel);
    }

    private void RequireAll(string asked)
    {
        var lost = KernelConfiguration.Lost(asked, File.ReadAllText(ConfigurationFile));
        if (lost.Count > 0)
            throw new MachineException(
                $"These settings did not survive olddefconfig for {_variant}; something they depend on is missing:\n"
                + string.Join('\n', lost));
    }

    private async Task MustAsync(string target, CancellationToken cancel)
    {
        var result = await MakeAsync([target], cancel);
        if (!result.IsSuccess)
            throw new MachineException($"make {target} failed:\n{result.StandardError}");
    }

    private int ExpectedObjects() =>
        File.Exists(CountFile) && int.TryParse(File.ReadAllText(CountFile), CultureInfo.InvariantCulture, out var counted)
            ? counted
            : _variant.Architecture.ObjectEstimate;

    private static string LastErrors(string log)
    {
        var lines = File.ReadAllLines(log);
        var errors = lines.Where(line => line.Contains("error:", StringComparison.OrdinalIgnoreCase)
            || line.Contains("undefined reference", StringComparison.Ordinal)).ToArray();
        return string.Join('\n', (errors.Length > 0 ? errors : lines).TakeLast(12));
    }

    public void Dispose() => _lock.Dispose();

    [GeneratedRegex(@"^\s+(CC|AS)(\s+\[M\])?\s", RegexOptions.CultureInvariant)]
    private static partial Regex CompiledObject();
}
