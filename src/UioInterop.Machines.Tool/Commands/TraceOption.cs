using System.CommandLine;
using UioInterop.Machines.Running;

namespace UioInterop.Machines.Tool.Commands;

/// <summary>--trace: what was read and written of the cores in the programmable logic, in the order of time.</summary>
internal static class TraceOption
{
    public static Option<bool> Create() =>
        new("--trace") { Description = "Print each access to a core of the logic, by its register's name, after the run." };

    /// <summary>Before the boot: a machine without logic has nothing to show.</summary>
    public static void Check(bool isAsked, Machine machine)
    {
        if (isAsked && !machine.HasLogic)
        {
            var others = string.Join(", ", MachineList.All.Where(each => each.HasLogic));
            throw new MachineException($"{machine.Name} has no programmable logic to trace. These have: {others}.");
        }
    }

    public static async Task ShowAsync(RunReport report, TextWriter writer)
    {
        await foreach (var line in File.ReadLinesAsync(report.TraceFile))
            await writer.WriteLineAsync(line);
    }
}
