using System.CommandLine;
using Spectre.Console;

namespace UioInterop.Machines.Tool.Commands;

/// <summary>Runs a command line, and shows what a person can act on as a sentence.</summary>
internal static class Invocation
{
    public static async Task<int> RunAsync(RootCommand root, string[] arguments)
    {
        // Into a file or a pipe, lines are as long as they are.
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = int.MaxValue;
        try
        {
            return await root.Parse(arguments).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (MachineException e)
        {
            AnsiConsole.MarkupLineInterpolated($"[red]error:[/] {e.Message}");
            return 2;
        }
        catch (OperationCanceledException)
        {
            AnsiConsole.MarkupLine("[red]interrupted[/]");
            // What runs in other threads, as NUnit's workers, would end what it has begun first.
            Environment.Exit(130);
            throw;
        }
    }
}
