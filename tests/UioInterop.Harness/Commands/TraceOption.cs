using System.CommandLine;
using UioInterop.Harness.Machines;
using UioInterop.Harness.Running;

namespace UioInterop.Harness.Commands;

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
            throw new HarnessException(
                $"{machine.Name} has no programmable logic to trace. These have: {string.Join(", ", MachineList.All.Where(each => each.HasLogic))}.");
        }
    }

    public static async Task ShowAsync(RunReport report, TextWriter writer)
    {
        await foreach (var line in File.ReadLinesAsync(Path.Combine(report.Directory, Logic.TraceFile)))
            await writer.WriteLineAsync(line);
    }
}
