using System.CommandLine;
using System.CommandLine.Parsing;
using UioInterop.Tool.Commands;
using UioInterop.Tool.Output;

namespace UioInterop.Tool;

/// <summary>The command line: which commands there are, and what becomes of an error.</summary>
internal static class UioTool
{
    private static readonly Option<bool> s_json = new("--json")
    {
        Description = "Print data as JSON, for programs",
        Recursive = true,
    };

    /// <summary>Runs one command.</summary>
    /// <param name="arguments">The command line, without the program's name.</param>
    /// <param name="output">Gets what was asked for.</param>
    /// <param name="error">Gets what went wrong.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static int Run(IReadOnlyList<string> arguments, TextWriter output, TextWriter error)
    {
        ParseResult line = Build(output).Parse(arguments);
        var configuration = new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false };
        try
        {
            int code = line.Invoke(configuration);
            return line.Errors.Count > 0 ? ExitCode.Usage : code;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        catch (ArgumentException wrong)
        {
            error.WriteLine($"uio: {wrong.Message}");
            return ExitCode.Usage;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or TimeoutException or InvalidOperationException
            or NotSupportedException or DllNotFoundException)
        {
            error.WriteLine($"uio: {failed.Message}");
            return ExitCode.Failed;
        }
    }

    private static RootCommand Build(TextWriter output)
    {
        var root = new RootCommand($"""
            UIO devices from the command line: what there is, registers, interrupts, DMA, and what is missing.

            A DEVICE is a name, a number, a path, the device behind it, a device-tree alias or a compatible string, whichever is unique.
            Exit codes: {ExitCode.Done} done, {ExitCode.Failed} failed, {ExitCode.Usage} wrong command line,
            {ExitCode.NoTransfer} doctor: no transfer can be made, {ExitCode.Interrupted} interrupted.
            """);
        root.Options.Add(s_json);
        Printer Print(ParseResult line) => new(output, line.GetValue(s_json));
        root.Subcommands.Add(ListCommand.Build(Print));
        root.Subcommands.Add(InfoCommand.Build(Print));
        root.Subcommands.Add(WatchCommand.Build(Print));
        root.Subcommands.Add(PeekCommand.Build(Print));
        root.Subcommands.Add(PokeCommand.Build(Print));
        root.Subcommands.Add(DumpCommand.Build(Print));
        root.Subcommands.Add(BindCommand.Build(Print));
        root.Subcommands.Add(UnbindCommand.Build(Print));
        root.Subcommands.Add(HeapsCommand.Build(Print));
        root.Subcommands.Add(ImportCommand.Build(Print));
        root.Subcommands.Add(CopyCommand.Build(Print));
        root.Subcommands.Add(DoctorCommand.Build(Print));
        root.Subcommands.Add(ReplCommand.Build());
        return root;
    }
}
