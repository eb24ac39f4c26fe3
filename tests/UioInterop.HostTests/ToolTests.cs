using System.Text.Json;
using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Harness.Machines;

namespace UioInterop.HostTests;

/// <summary>The <c>uio</c> tool as people get it: one file without a runtime.</summary>
internal sealed class ToolTests
{
    private const long MaxLength = 5 << 20;

    // On the PC nothing is bound yet. The board's device tree has channels for UIO.
    [TestCase("x86-64", 3)]
    [TestCase("zcu102", 0, Category = "thorough")]
    public async Task One_small_file_knows_whether_a_transfer_can_be_made(string machine, int code)
    {
        using var folder = new ScratchFolder();
        var architecture = MachineList.All.Single(one => one.Name == machine).Architecture;
        await folder.RunAsync("dotnet", ["publish", Repository.At("src", "UioInterop.Tool"), "-c", "Release", "--nologo", "-o", "out",
            "-r", architecture.RuntimeIdentifier, "--artifacts-path", folder.PathOf("artifacts"),
            .. Harness.Guests.Compilation.NativeAot.PublishOptions(architecture)]);

        Assert.That(new FileInfo(folder.PathOf("out/uio")).Length, Is.LessThanOrEqualTo(MaxLength));

        var result = await RunTests.RunAsync("", folder.PathOf("out/uio"), "--machine", machine, "--", "doctor", "--json");
        Assert.That(result.ExitCode, Is.EqualTo(code), result.StandardError);
        var report = JsonDocument.Parse(result.StandardOutput).RootElement;
        Assert.That(report.GetProperty("canTransfer").GetBoolean(), Is.EqualTo(code == 0));
        Assert.That(report.GetProperty("findings").EnumerateArray().Any(one => one.GetProperty("check").GetString() == "devices"),
            Is.EqualTo(code != 0));
    }
}
