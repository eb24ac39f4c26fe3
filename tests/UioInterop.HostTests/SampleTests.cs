using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Harness.Machines;

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

    private static IEnumerable<string> Samples => Directory.GetFiles(Folder, "*.cs").Select(path => Path.GetFileName(path)).Order();

    [Test]
    public void Each_has_its_output_here() => Assert.That(Samples, Is.EquivalentTo(s_outputs.Keys));

    [TestCaseSource(nameof(Samples))]
    public async Task It_runs(string name)
    {
        // As the sample's own comment says.
        var path = Path.Combine(Folder, name);
        var command = File.ReadLines(path).First(line => line.Contains("./build.sh run", StringComparison.Ordinal));
        var options = command.Split("src/Samples/" + name)[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var machine = MachineList.All.Single(one => one.Name == (options is ["--machine", var named] ? named : MachineList.X64.Name));
        if (Prerequisite.For(machine).FirstOrDefault(one => !one.IsThere) is { } missing)
            Assert.Ignore($"{machine.Name} takes {missing.Package}, which only ./build.sh test --machine all installs.");

        var result = await RunTests.RunAsync("", [path, .. options]);

        Assert.That(result.ExitCode, Is.Zero, result.StandardError);
        Assert.That(result.StandardOutput, Is.EqualTo(s_outputs[name] + "\n"));
    }
}
