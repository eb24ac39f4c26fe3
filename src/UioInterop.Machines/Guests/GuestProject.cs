using System.Collections.Concurrent;
using CliWrap;
using CliWrap.Buffered;
using UioInterop.Machines.Host;
using UioInterop.Machines.Running;

namespace UioInterop.Machines.Guests;

/// <summary>A program of ours that runs inside a machine: a .NET project, or what a package has published of it.</summary>
/// <param name="Name">The program's name.</param>
/// <param name="Directory">The project's folder.</param>
internal sealed record GuestProject(string Name, string Directory)
{
    /// <summary>The prompt's agent.</summary>
    public static GuestProject Agent { get; } = new("UioInterop.Prompt.Agent", Content.At("src", "UioInterop.Prompt.Agent"))
    {
        // A script may use all of .NET.
        Compilation = Compilation.FrameworkDependent,
    };

    /// <summary>What runs somebody's own NUnit tests, in the runtime that these take.</summary>
    public static GuestProject UserTestRunner { get; } = new(
        "UioInterop.Machines.UserTestRunner", Content.At("src", "UioInterop.Machines.UserTestRunner"))
    {
        Compilation = Compilation.FrameworkDependent,
    };

    public Compilation Compilation { get; init; } = Compilation.ReadyToRun;

    /// <summary>Folders that it is made from besides those of any guest program.</summary>
    public IReadOnlyList<string> Inputs { get; init; } = [];

    // Whatever a guest program can be made from. Too much is harmless: it is published once more.
    private static readonly string[] s_inputs =
    [
        Content.At("src"), Content.At("native", "Makefile"), Content.At("native", "include"), Content.At("native", "src"),
        Content.At("kernel-patch", "include"), Content.At("Directory.Build.props"), Content.At("Directory.Packages.props"),
        Content.At("global.json"),
    ];

    // Once a run: a machine may still read what another would publish again.
    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> s_published = new();

    private string FolderFor(Architecture architecture) => $"{architecture.RuntimeIdentifier}-{Compilation}";

    private string OutputFor(Architecture architecture) => Artifacts.At("guest", Name, FolderFor(architecture));

    /// <summary>The folder with the program, which is published when something it is made from has changed.</summary>
    public Task<string> PublishAsync(Architecture architecture, CancellationToken cancel) => Content.IsPackaged
        ? Task.FromResult(Content.At("guest", Name, FolderFor(architecture)))
        : s_published.GetOrAdd(
        OutputFor(architecture), _ => new Lazy<Task<string>>(() => PublishOnceAsync(architecture, cancel))).Value;

    private async Task<string> PublishOnceAsync(Architecture architecture, CancellationToken cancel)
    {
        // Projects share the objects of those that they refer to: one at a time.
        using var turn = await Artifacts.LockAsync("guest-projects", cancel);
        using var time = Phases.Measure(Phases.Publishing);
        return await PublishInTurnAsync(architecture, cancel);
    }

    private async Task<string> PublishInTurnAsync(Architecture architecture, CancellationToken cancel)
    {
        var output = OutputFor(architecture);
        var stamp = output + ".stamp";
        var wanted = $"{Fingerprint.OfFiles([Directory, .. Inputs, .. s_inputs])} {Environment.Version}";
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
                "--artifacts-path", Artifacts.At("guest-build", FolderFor(architecture)),
                "-nologo", "-v", "quiet"])
            .WithEnvironmentVariables(new Dictionary<string, string?> { ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1" })
            .WithValidation(CommandResultValidation.None);
        var result = await command.ExecuteBufferedAsync(cancel);
        if (!result.IsSuccess)
            throw new MachineException($"{Name} cannot be published:\n{result.StandardOutput}{result.StandardError}");
    }
}
