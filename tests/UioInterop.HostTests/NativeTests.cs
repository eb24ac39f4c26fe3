using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Harness.Running;

namespace UioInterop.HostTests;

/// <summary>The shim's own tests, in C.</summary>
internal sealed class NativeTests
{
    [TestCase("x86-64")]
    [TestCase("arm64", Category = "thorough")]
    [TestCase("armhf", Category = "thorough")]
    public async Task Make_check_passes(string architecture)
    {
        using var turn = await Repository.LockAsync("native", MachineRuns.Cancel);
        var output = await ScratchFolder.RunIn(Repository.At("native"), "make", ["--silent", "check", $"ARCH={architecture}"]);

        Assert.That(output.Split('\n').Where(line => line.StartsWith("not ok", StringComparison.Ordinal)), Is.Empty);
        Assert.That(output, Does.Contain("\nok "));
    }
}
