using System.CommandLine;
using Spectre.Console;
using UioInterop.Harness;
using UioInterop.Harness.Commands;

var root = new RootCommand("Boots machines whose kernel imports dma-bufs into UIO devices.")
{
    DemoCommand.Create(),
    RunCommand.Create(),
    ShellCommand.Create(),
    AgentCommand.Create(),
    TestCommand.Create(),
    KernelCommand.Create(),
    KernelCommand.CreateClean(),
};

// Into a file or a pipe, lines are as long as they are.
if (Console.IsOutputRedirected)
    AnsiConsole.Profile.Width = int.MaxValue;

try
{
    // Exceptions come to us: what a person can act on is shown as a sentence.
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (HarnessException e)
{
    AnsiConsole.MarkupLineInterpolated($"[red]error:[/] {e.Message}");
    return 2;
}
catch (OperationCanceledException)
{
    AnsiConsole.MarkupLine("[red]interrupted[/]");
    // NUnit's workers would end what they have begun first.
    Environment.Exit(130);
    throw;
}
