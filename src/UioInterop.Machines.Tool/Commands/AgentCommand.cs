using System.CommandLine;
using UioInterop.Machines.Guests;

namespace UioInterop.Machines.Tool.Commands;

/// <summary>Boots a machine for the prompt's agent, whose line to the prompt is this command's input and output.</summary>
internal static class AgentCommand
{
    public static Command Create()
    {
        var options = new MachineOptions();
        var command = new Command("agent", "Boot a machine with the prompt's agent, which listens to this command's input.");
        options.AddTo(command);
        command.SetAction((parsed, cancel) =>
        {
            var boot = options.BootOf(parsed);
            return (boot with { Prepare = () => PublishAsync(boot.Machine.Architecture, cancel) }).RunAsync(cancel);
        });
        return command;
    }

    private static async Task<UserProgram> PublishAsync(Architecture architecture, CancellationToken cancel) =>
        new(await GuestProject.Agent.PublishAsync(architecture, cancel), GuestProject.Agent.Name, NeedsFramework: true);
}
