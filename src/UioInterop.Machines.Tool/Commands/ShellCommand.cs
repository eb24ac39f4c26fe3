using System.CommandLine;
using UioInterop.Machines.Guests;

namespace UioInterop.Machines.Tool.Commands;

/// <summary>Boots a machine with a shell in it, to look around.</summary>
internal static class ShellCommand
{
    private static readonly string s_setUp = string.Join("; ",
        "/app/busybox mkdir -p /bin /root", "/app/busybox --install -s /bin", "export TERM=linux PS1='\\w # '", "cd /root", "exec sh");

    public static Command Create()
    {
        var options = new MachineOptions();
        var command = new Command("shell", "Boot a machine with a shell in it.");
        options.AddTo(command);
        command.SetAction((parsed, cancel) =>
        {
            var boot = options.BootOf(parsed);
            return (boot with
            {
                Prepare = () => Busybox.EnsureAsync(boot.Machine.Architecture, cancel),
                Arguments = ["sh", "-c", s_setUp],
                TakesTerminal = true,
            }).RunAsync(cancel);
        });
        return command;
    }
}
