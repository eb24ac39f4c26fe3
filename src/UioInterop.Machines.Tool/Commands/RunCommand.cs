using System.CommandLine;
using UioInterop.Machines.Guests;
using UioInterop.Machines.Reports;

namespace UioInterop.Machines.Tool.Commands;

/// <summary>Boots a machine for a program of somebody's own.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var program = new Argument<string>("PROGRAM") { Description = "A C# file, a project, a published folder or an executable." };
        var arguments = new Argument<string[]>("ARGUMENTS") { Description = "Its arguments, after --." };
        var ahead = new Option<bool>("--aot") { Description = "Compile it ahead, to a program without a runtime." };
        var filter = new Option<string?>("--filter") { Description = "Of NUnit tests, only those with this in their name." };
        var reports = new Option<string[]>("--report") { Description = "Of NUnit tests: junit=FILE or summary=FILE; may be given again." };
        var options = new MachineOptions();
        var command = new Command("run", "Boot a machine and run a program or NUnit tests of your own in it.")
        {
            program, arguments, ahead, filter, reports,
        };
        options.AddTo(command);
        command.SetAction((parsed, cancel) =>
        {
            var boot = options.BootOf(parsed);
            return (boot with
            {
                Prepare = () => UserProgram.PrepareAsync(
                    MachineOptions.Here(parsed.GetRequiredValue(program)), boot.Machine.Architecture, parsed.GetValue(ahead), cancel),
                Arguments = parsed.GetValue(arguments) ?? [],
                Filter = parsed.GetValue(filter),
                Reports = [.. (parsed.GetValue(reports) ?? []).Select(report => ReportFile.Parse(report, MachineOptions.Here))],
            }).RunAsync(cancel);
        });
        return command;
    }
}
