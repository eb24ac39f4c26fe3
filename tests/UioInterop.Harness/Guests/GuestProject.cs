using System.Collections.Concurrent;
using CliWrap;
using CliWrap.Buffered;
using UioInterop.Harness.Machines;
using UioInterop.Harness.Running;

namespace UioInterop.Harness.Guests;

/// <summary>A program that runs inside a machine: a .NET project of this repository.</summary>
public sealed record GuestProject(string Name, string Directory)
{
    public static GuestProject Tests { get; } = new(
        "UioInterop.GuestTests", Repository.At("tests", "UioInterop.GuestTests")) { RunsShimTests = true };

    public static GuestProject Demo { get; } = new("UioInterop.Demo", Repository.At("src", "UioInterop.Demo"));

    /// <summary>The prompt's agent.</summary>
    public static GuestProject Agent { get; } = new("UioInterop.Prompt.Agent", Repository.At("src", "UioInterop.Prompt.Agent"))
    {
        // A script may use all of .NET.
        Compilation = Compilation.FrameworkDependent,
    };

    /// <summary>What runs somebody's own NUnit tests, in the runtime that these take.</summary>
    public static GuestProject UserTestRunner { get; } = new(
        "UioInterop.UserTestRunner", Repository.At("tests", "UioInterop.UserTestRunner")) { Compilation = Compilation.FrameworkDependent };

    public static GuestProject RegisterProbe { get; } = new(
        "UioInterop.RegisterProbe", Repository.At("tests", "UioInterop.RegisterProbe"));

    public Compilation Compilation { get; init; } = Compilation.ReadyToRun;

    /// <summary>Whether it finds the shim's tests in /shim-tests, a folder for each build.</summary>
    public bool RunsShimTests { get; private init; }

    // Whatever a guest program can be made from. Too much is harmless: it is published once more.
    private static readonly string[] s_inputs =
    [
        Repository.At("src"), Repository.At("tests", "UioInterop.GuestTests"),
        Repository.At("tests", "UioInterop.GuestProtocol"), Repository.At("tests", "UioInterop.TestRunner"),
        Repository.At("native", "Makefile"), Repository.At("native", "include"), Repository.At("native", "src"),
        Repository.At("kernel-patch", "include"), Repository.At("Directory.Build.props"), Repository.At("Directory.Packages.props"),
        Repository.At("global.json"),
    ];

    // Once a run: a machine may still read what another would publish again.
    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> s_published = new();

    private string OutputFor(Architecture architecture) =>
        Path.Combine(Repository.Artifacts, "guest", Name, $"{architecture.RuntimeIdentifier}-{Compilation}");

    /// <summary>Publishes it when something it is made from has changed.</summary>
    public Task<string> PublishAsync(Architecture architecture, CancellationToken cancel) => s_published.GetOrAdd(
        OutputFor(architecture), _ => new Lazy<Task<string>>(() => PublishOnceAsync(architecture, cancel))).Value;

    private async Task<string> PublishOnceAsync(Architecture architecture, CancellationToken cancel)
    {
        // Projects share the objects of those that they refer to: one at a time.
        using var turn = await Repository.LockAsync("guest-projects", cancel);
        using var time = Phases.Measure(Phases.Publishing);
        return await PublishInTurnAsync(architecture, cancel);
    }

    private async Task<string> PublishInTurnAsync(Architecture architecture, CancellationToken cancel)
    {
        var output = OutputFor(architecture);
        var stamp = output + ".stamp";
        var wanted = $"{Fingerprint.OfFiles([Directory, .. s_inputs])} {Environment.Version}";
        if (File.Exists(stamp) && await File.ReadAllTextAsync(stamp, cancel) == wanted)
            return output;
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(stamp)!);
        File.Delete(stamp);
        if (System.IO.Directory.Exists(output))
            System.IO.Directory.Delete(output, recursive: true);
        await PublishToAsync(output, architecture, cancel);
        await File.WriteAllTextAsync(stamp, wanted, cancel);
        return output;
    }

    private async Task PublishToAsync(string output, Architecture architecture, CancellationToken cancel)
    {
        var command = Cli.Wrap("dotnet")
            .WithArguments([
                "publish", Directory, "-c", "Release", "-r", architecture.RuntimeIdentifier,
                Compilation.IsSelfContained ? "--self-contained" : "--no-self-contained",
                .. Compilation.PublishOptions(architecture),
                "-o", output,
                // Objects of its own: a publish for one runtime would undo the solution's restore, and back.
                "--artifacts-path", Path.Combine(
                    Repository.Artifacts, "guest-build", $"{architecture.RuntimeIdentifier}-{Compilation}"),
                "-nologo", "-v", "quiet"])
            .WithEnvironmentVariables(new Dictionary<string, string?> { ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1" })
            .WithValidation(CommandResultValidation.None);
        var result = await command.ExecuteBufferedAsync(cancel);
        if (!result.IsSuccess)
            throw new HarnessException($"{Name} cannot be published:\n{result.StandardOutput}{result.StandardError}");
    }
}
