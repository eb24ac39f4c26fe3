using System.CommandLine;

namespace UioInterop.Machines.Tool.Commands;

/// <summary>The machines that a command is about, which boots none.</summary>
internal static class MachinesOption
{
    public static Option<string> Create() => new("--machine")
    {
        Description = $"The machine; {MachineList.DefaultName} for the default machines, or all.",
        DefaultValueFactory = _ => MachineList.X64.Name,
    };
}
