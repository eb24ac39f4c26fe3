using System.CommandLine;
using UioInterop.Machines.Host;
using UioInterop.Machines.Kernels;

namespace UioInterop.Machines.Tool.Commands;

/// <summary>The options of a command that boots a machine for somebody: which one, and what of it is their own.</summary>
internal sealed class MachineOptions
{
    private readonly Option<string> _machine = new("--machine")
    {
        Description = "The machine to boot.",
        DefaultValueFactory = _ => MachineList.X64.Name,
    };

    private readonly Option<string?> _kernel = new("--kernel") { Description = "A kernel of your own, as QEMU takes it." };
    private readonly Option<string?> _deviceTree = new("--dtb") { Description = "A device tree of your own, as a blob or as source." };
    private readonly Option<int?> _memory = new("--memory") { Description = "The machine's memory in MiB." };
    private readonly Option<string?> _append = new("--append") { Description = "More arguments for the kernel." };
    private readonly Option<string?> _keep = new("--keep") 
    {
        Description = "A folder for the run's logs and, where there is logic, its trace.",
    };

    private readonly Option<bool> _trace = TraceOption.Create();

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_machine, _kernel, _deviceTree, _memory, _append, _keep, _trace])
            command.Options.Add(option);
    }

    /// <summary>The boot that was asked for, without a program.</summary>
    public ProgramBoot BootOf(ParseResult parsed)
    {
        var chosen = MachineList.Named(parsed.GetRequiredValue(_machine));
        return new ProgramBoot
        {
            Machine = chosen with
            {
                DeviceTree = parsed.GetValue(_deviceTree) is { } tree ? Existing(tree) : chosen.DeviceTree,
                MemoryMiB = parsed.GetValue(_memory) ?? chosen.MemoryMiB,
                KernelArguments = [.. chosen.KernelArguments, .. parsed.GetValue(_append) is { } more ? new[] { more } : []],
            },
            Kernel = parsed.GetValue(_kernel) is { } image ? KernelImage.Of(Existing(image)) : null,
            Folder = parsed.GetValue(_keep) is { } folder ? Here(folder) : null,
            IsTraced = parsed.GetValue(_trace),
        };
    }

    /// <summary>A path as it was typed: a checkout's build.sh changes the folder.</summary>
    public static string Here(string path) => Path.GetFullPath(
        path, (Content.IsPackaged ? null : Environment.GetEnvironmentVariable("STARTED_IN")) ?? Environment.CurrentDirectory);

    private static string Existing(string path) =>
        File.Exists(Here(path)) ? Here(path) : throw new MachineException($"There is no file {Here(path)}.");
}
