using CliWrap;
using CliWrap.Buffered;

namespace UioInterop.Machines.Host;

/// <summary>Short commands whose output is small, with errors that say what was run and what it said.</summary>
internal static class Shell
{
    public static async Task<string> RunAsync(
        string program, IEnumerable<string> arguments, CancellationToken cancel,
        string? directory = null, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var command = Cli.Wrap(program)
            .WithArguments(arguments)
            .WithWorkingDirectory(directory ?? Content.Root)
            .WithEnvironmentVariables(environment ?? new Dictionary<string, string?>())
            .WithValidation(CommandResultValidation.None);
        var result = await command.ExecuteBufferedAsync(cancel);
        if (result.IsSuccess)
            return result.StandardOutput.Trim();
        throw new MachineException(
            $"{command} failed with exit code {result.ExitCode}:\n{result.StandardError}{result.StandardOutput}".Trim());
    }
}
