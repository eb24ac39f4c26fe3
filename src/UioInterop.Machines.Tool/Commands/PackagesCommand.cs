using System.CommandLine;

namespace UioInterop.Machines.Tool.Commands;

/// <summary>Prints the Debian packages that a machine takes, for apt-get.</summary>
internal static class PackagesCommand
{
    public static Command Create()
    {
        var machine = MachinesOption.Create();
        var command = new Command("packages", "Print the Debian packages that a machine and its kernel take, for apt-get install.")
        {
            machine,
        };
        command.SetAction(parsed =>
        {
            var packages = Prerequisite.For(MachineList.Chosen(parsed.GetRequiredValue(machine))).Select(each => each.Package);
            Console.WriteLine(string.Join(' ', packages.Distinct()));
        });
        return command;
    }
}
