using System.Diagnostics;
using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Harness.Running;
using UioInterop.Machines;
using UioInterop.Machines.Guests;

namespace UioInterop.HostTests.Prompt;

/// <summary>The prompt on machines: DMA that is typed, and waits that are interrupted.</summary>
internal sealed class MachineTests
{
    private const string Copied = "the same: true";

    private static string[] AgentOn(string machine) => ["dotnet", typeof(Repository).Assembly.Location, "agent", "--machine", machine];

    [Test, Category("thorough")]
    public async Task Edu_is_driven_and_stopped_and_waited_for_in_vain()
    {
        // Published in this run's own turn: the conversation is bounded, and others may be at it for minutes.
        await GuestProject.Agent.PublishAsync(Architecture.X64, MachineRuns.Cancel);
        Conversation conversation = null!;
        conversation = new Conversation(Typed()) { IsInteractive = true };
        var code = await conversation.RunAsync(AgentOn(MachineList.X64.Name));

        var output = conversation.Output;
        Assert.That(output, Does.Contain("/dev/uio0").And.Contain("uio_pci_generic"), "the table of devices");
        Assert.That(output, Does.Contain("1 MiB"), "the device's maps");
        Assert.That(output, Does.Contain("512 uint, ToDevice").Or.Contain("512 UInt32, ToDevice"), "the buffer");
        Assert.That(output, Does.Contain("00000000  00 00 00 00 01 00 00 00"), "its first bytes");
        Assert.That(output, Does.Contain("16777453 (0x010000ed)"), "a register");
        Assert.That(output, Does.Contain(Copied));
        Assert.That(output, Does.Contain("CS0103").And.Contain("at rest: True"), "a new agent, and the device of the old one");
        Assert.That(output, Does.Contain("interrupted\n").And.Contain("still open: True"));
        Assert.That(code, Is.Zero);

        IEnumerable<string> Typed()
        {
            yield return "var bound = DriverBinding.Bind(\"0000:00:01.0\", \"uio_pci_generic\");";
            yield return "devices";
            yield return "var edu = EduDevice.Open(\"0000:00:01.0\");";
            yield return "edu.Device";
            yield return "Peek(edu.Device, 0)";
            yield return "var source = edu.Device.Allocate<uint>(512, DmaDirection.ToDevice);";
            yield return "var target = edu.Device.Allocate<uint>(512, DmaDirection.FromDevice);";
            yield return "source.Write(Enumerable.Range(0, 512).Select(i => (uint)i).ToArray());";
            yield return "source";
            yield return "edu.CopyToDevice(source, 0, 2048, TimeSpan.FromSeconds(50));";
            yield return "await edu.CopyFromDeviceAsync(target, 0, 2048, TimeSpan.FromSeconds(50));";
            yield return "$\"the same: {(target.ToArray().SequenceEqual(source.ToArray()) ? \"true\" : \"false\")}\"";
            _ = InterruptAsync();
            yield return "Task unfinished = edu.CopyFromDeviceAsync(target, 0, 2048, TimeSpan.FromSeconds(50)).AsTask();";
            yield return "restart";
            yield return "edu";
            yield return "var again = EduDevice.Open(\"0000:00:01.0\");";
            yield return "$\"at rest: {!again.IsBusy}\"";
            yield return "again.Dispose(); var device = UioDevice.Open(\"0000:00:01.0\");";
            yield return "Console.WriteLine(\"begun\"); device.TryWaitForInterrupt(Timeout.InfiniteTimeSpan, out _);";
            yield return "$\"still open: {device.Registers.Read32(0) == 0x010000ed}\"";
        }

        async Task InterruptAsync()
        {
            await conversation.ShownAsync("begun");
            conversation.Interrupt();
        }
    }

    // The test core would go on for a minute. The trace of the logic has what it was told, after everybody is gone.
    // A prompt that is gone lets the agent close its devices; an agent that is gone lets the kernel run their programs.
    [TestCase(false)]
    [TestCase(true)]
    [Category("thorough")]
    public async Task A_transfer_under_way_is_stopped_when_the_prompt_is_killed_or_the_agent(bool isAgent)
    {
        var howToStop = isAgent
            ? """
                core.SetQuiesceProgram(new QuiesceProgram(core.Registers).Write(new Register<uint>(4, "CONTROL"), 2u)
                    .Poll(new Register<uint>(8, "STATUS"), 4u, 0u, TimeSpan.FromMilliseconds(500)));
                """
            : "core.Quiesce = () => Poke(core, 4, 2);";
        await GuestProject.Agent.PublishAsync(Architecture.Arm64, MachineRuns.Cancel);
        using var folder = new ScratchFolder();
        using var prompt = PromptProcess.Start("bash", "-c",
            $"{string.Join(' ', AgentOn(MachineList.Zcu102Logic.Name))} --keep {folder.PathOf("kept")}; touch {folder.PathOf("ended")}");
        await BeginTransferAsync(prompt, howToStop);
        await prompt.StandardInput.WriteLineAsync(
            isAgent ? "System.Diagnostics.Process.GetCurrentProcess().Kill();" : "Console.WriteLine(\"begun\");");

        if (!isAgent)
        {
            await ShownAsync(prompt, "begun");
            prompt.Kill();
        }

        Assert.That(() => File.Exists(folder.PathOf("ended")), Is.True.After(120_000, 100));
        prompt.Kill(entireProcessTree: true);
        var said = await prompt.StandardOutput.ReadToEndAsync();
        Assert.That(ControlsIn(folder), Is.EqualTo(["00000001", "00000002"]), said);
    }

    private static async Task BeginTransferAsync(Process prompt, string howToStop)
    {
        foreach (var line in (string[])[
            "var core = Open(\"test-core\");",
            "Poke(core.GetRegisters(1), 0, 60_000_000);",
            howToStop,
            "var memory = core.Allocate<byte>(1 << 16, DmaDirection.FromDevice);",
            "var lease = memory.Mapping.BeginTransfer(0, 1 << 16);",
            "core.Registers.WriteAddress(new Register<uint>(0x10, \"ADDRESS\"), lease);",
            "Poke(core, 0x18, 1 << 16); Poke(core, 4, 1);",
        ])
            await prompt.StandardInput.WriteLineAsync(line);
    }

    private static async Task ShownAsync(Process prompt, string word)
    {
        while (await prompt.StandardOutput.ReadLineAsync(MachineRuns.Cancel) is { } line && line != word)
        {
        }
    }

    /// <summary>What the test core was told, as the logic's model saw it.</summary>
    private static IEnumerable<string> ControlsIn(ScratchFolder folder)
    {
        using var trace = new StreamReader(new FileStream(
            folder.PathOf("kept/logic.trace"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return [.. trace.ReadToEnd().Split('\n').Where(line => line.Contains("pl-test-core W CONTROL", StringComparison.Ordinal))
            .Select(line => line.Split(' ')[^1])];
    }

    [Test]
    [Category("thorough")]
    public async Task A_copy_by_the_boards_engine_is_typed_saved_and_run_as_a_program()
    {
        await GuestProject.Agent.PublishAsync(Architecture.Arm64, MachineRuns.Cancel);
        using var folder = new ScratchFolder();

        var typed = await PromptProcess.RunAsync("""
            devices
            var channel = Open("zdma0");
            channel
            channel.Dispose();
            var dma = ZynqMpDma.Open("zdma0");
            var source = dma.Device.Allocate<uint>(1 << 16, DmaDirection.ToDevice);
            var target = dma.Device.Allocate<uint>(1 << 16, DmaDirection.FromDevice);
            source.Write(Enumerable.Range(0, 1 << 16).Select(i => (uint)i * 3).ToArray());
            await dma.CopyAsync(source, target, TimeSpan.FromSeconds(50));
            $"{target.ToArray().SequenceEqual(Enumerable.Range(0, 1 << 16).Select(i => (uint)i * 3))}, and {target.ToArray()[5]}"
            save app.cs
            """, AgentOn(MachineList.Zcu102.Name), folder.PathOf("."));

        Assert.That(typed.ExitCode, Is.Zero, typed.StandardOutput + typed.StandardError);
        Assert.That(typed.StandardOutput, Does.Contain("zdma0"));
        Assert.That(typed.StandardOutput, Does.Contain("\"True, and 15\""));

        var saved = await RunTests.RunAsync("", folder.PathOf("app.cs"), "--machine", MachineList.Zcu102.Name);
        Assert.That(saved.StandardOutput, Does.EndWith("True, and 15\n"), saved.StandardError);
        Assert.That(saved.ExitCode, Is.Zero);
    }
}
