using System.CommandLine;
using UioInterop.Machines.Tool.Commands;

var root = new RootCommand("Boots machines in QEMU whose kernel imports dma-bufs into UIO devices, and runs your program in them.")
{
    RunCommand.Create(),
    ShellCommand.Create(),
    AgentCommand.Create(),
    KernelCommand.Create(),
    PackagesCommand.Create(),
};
return await Invocation.RunAsync(root, args);
