using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;

namespace UioInterop.Tool.Commands;

/// <summary><c>uio repl</c>: starts the prompt, which is a program of its own because it has a compiler in it.</summary>
internal static class ReplCommand
{
    private const string Program = "uio-repl";

    public static Command Build()
    {
        Argument<string[]> arguments = new("ARGUMENTS") { Description = $"What {Program} takes", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("repl", $"Start the C# prompt, {Program}") { arguments };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(async (line, token) =>
        {
            try
            {
                using Process prompt = Process.Start(Program, [.. line.GetValue(arguments) ?? [], .. line.UnmatchedTokens]);
                await prompt.WaitForExitAsync(token);
                return prompt.ExitCode;
            }
            catch (Win32Exception)
            {
                throw new IOException(
                    $"there is no {Program} on PATH: dotnet tool install --global UioInterop.Repl --add-source FOLDER, with the packages "
                        + "that ./build.sh pack made");
            }
        });
        return command;
    }
}
