using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Machines;

namespace UioInterop.HostTests;

/// <summary>Each sample that is one file runs on the machine that it names, and says what it did.</summary>
internal sealed class SampleTests
{
    private static readonly Dictionary<string, string> s_outputs = new()
    {
        ["camera.cs"] = "2048 bytes of the frame went to the device and into the other buffer: True\nit is a picture: True",
        ["copy.cs"] = "copied 4096 bytes, equal: True",
        ["stream.cs"] = "100 of 100 packets came in their order",
        ["interrupts.cs"] = "10 ticks",
        ["sharing.cs"] = "the other process reads \"Hello by DMA\"",
        ["several-devices.cs"] = "0xcafe came through two engines",
        ["own-ip.cs"] = "1 + … + 1000 = 500500",
    };

    private static string Folder => Repository.At("src", "Samples");

    private static IEnumerable<string> Names => Directory.GetFiles(Folder, "*.cs").Select(path => Path.GetFileName(path)).Order();

    private static IEnumerable<TestCaseData> Samples =>
        from name in Names
        let machine = MachineOf(name)
        select new TestCaseData(name, machine).SetArgDisplayNames(name);

    [Test]
    public void Each_has_its_output_here() => Assert.That(Names, Is.EquivalentTo(s_outputs.Keys));

    [TestCaseSource(nameof(Samples)), Category("thorough")]
    public async Task It_runs(string name, Machine machine)
    {
        if (Prerequisite.For(machine).FirstOrDefault(one => !one.IsThere) is { } missing)
            Assert.Ignore($"{machine.Name} takes {missing.Package}, which ./build.sh test --machine all installs.");

        var result = await RunTests.RunAsync("", Path.Combine(Folder, name), "--machine", machine.Name);

        Assert.That(result.ExitCode, Is.Zero, result.StandardError);
        Assert.That(result.StandardOutput, Is.EqualTo(s_outputs[name] + "\n"));
    }

    // The sample's own comment has the command.
    private static Machine MachineOf(string name)
    {
        var command = File.ReadLines(Path.Combine(Folder, name)).First(line => line.Contains("./build.sh run", StringComparison.Ordinal));
        var options = command.Split("src/Samples/" + name)[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return options switch
        {
            [] => MachineList.X64,
            ["--machine", var machine] => MachineList.All.Single(one => one.Name == machine),
            _ => throw new FormatException($"{name} has other options than --machine: {command}"),
        };
    }
}
