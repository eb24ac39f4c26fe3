using System.Diagnostics;
using CliWrap;
using CliWrap.Buffered;
using UioInterop.Harness;
using UioInterop.Machines.Host;
using UioInterop.Prompt;

namespace UioInterop.HostTests.Prompt;

/// <summary>
/// The prompt as a person starts it, and its agent, which is here unless it is told otherwise: most of it needs no machine.
/// </summary>
internal static class PromptProcess
{
    /// <summary>Where the tests are, whoever runs them.</summary>
    public static string Folder { get; } = Path.GetDirectoryName(typeof(PromptProcess).Assembly.Location)!;

    public static string[] AgentHere { get; } = ["dotnet", Path.Combine(Folder, "UioInterop.Prompt.Agent.dll")];

    public static string Program { get; } = typeof(PromptSession).Assembly.Location;

    /// <summary>Runs statements, one or more lines each.</summary>
    public static async Task<BufferedCommandResult> RunAsync(string statements, string[]? agent = null, string? folder = null) =>
        await (PipeSource.FromString(statements) | Cli.Wrap("dotnet")
            .WithArguments([Program, "--", .. agent ?? AgentHere])
            .WithEnvironmentVariables(Environment(folder))
            .WithValidation(CommandResultValidation.None)).ExecuteBoundedAsync();

    /// <summary>One that is typed at, and may be killed without its agent.</summary>
    public static Process Start(params string[] agent)
    {
        var start = new ProcessStartInfo("dotnet", [Program, "--", .. agent])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        foreach (var (name, value) in Environment(folder: null))
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public static Dictionary<string, string?> Environment(string? folder) => new()
    {
        ["STARTED_IN"] = folder ?? Path.GetTempPath(),
        // As build.sh does.
        ["UIOINTEROP_GLOBALS"] = UioInterop.Harness.Repository.At("src", "UioInterop.Prompt.Globals"),
        // Not the cache: kernels are in it, too.
        ["XDG_STATE_HOME"] = folder ?? UioInterop.Machines.Host.Artifacts.At("prompt-tests"),
    };
}
