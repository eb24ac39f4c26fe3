using System.CommandLine;
using UioInterop.Harness.Commands;
using UioInterop.Machines.Tool.Commands;

var root = new RootCommand("Boots machines whose kernel imports dma-bufs into UIO devices.")
{
    DemoCommand.Create(),
    RunCommand.Create(),
    ShellCommand.Create(),
    AgentCommand.Create(),
    TestCommand.Create(),
    KernelCommand.Create(),
    KernelCommand.CreateClean(),
};
return await Invocation.RunAsync(root, args);
