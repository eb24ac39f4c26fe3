using System.CommandLine;
using UioInterop.Harness.Guests;

namespace UioInterop.Harness.Commands;

/// <summary>Boots a machine for a program of somebody's own.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var program = new Argument<string>("PROGRAM") { Description = "A C# file, a project, a published folder or an executable." };
        var arguments = new Argument<string[]>("ARGUMENTS") { Description = "Its arguments, after --." };
        var ahead = new Option<bool>("--aot") { Description = "Compile it ahead, to a program without a runtime." };
        var options = new MachineOptions();
        var command = new Command("run", "Boot a machine and run a program of your own in it.") { program, arguments, ahead };
        options.AddTo(command);
        command.SetAction((parsed, cancel) =>
        {
            var machine = options.MachineOf(parsed);
            return ProgramBoot.RunAsync(
                machine, options.KernelOf(parsed),
                () => UserProgram.PrepareAsync(
                    MachineOptions.Here(parsed.GetRequiredValue(program)), machine.Architecture, parsed.GetValue(ahead), cancel),
                parsed.GetValue(arguments) ?? [], options.TraceOf(parsed), cancel);
        });
        return command;
    }
}
