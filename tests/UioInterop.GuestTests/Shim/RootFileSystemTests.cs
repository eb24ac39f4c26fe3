using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Shim;

/// <summary>What a root file system of one's own takes of the test kernels.</summary>
internal sealed class RootFileSystemTests
{
    // A shell is not needed to see that the kernel looks for an interpreter: a test of the shim's does.
    [TestCase(Needs.X64, Category = Needs.X64)]
    [TestCase(Needs.Arm64, Category = Needs.Arm64)]
    public void A_script_starts(string build)
    {
        var script = Path.Combine(Path.GetTempPath(), $"script-{build}");
        var program = $"/shim-tests/{build}/test_errors";
        File.Copy(program, script); // with its mode
        File.WriteAllText(script, $"#!{program}\n");
        try
        {
            TapProgram.Run(script).AssertAllPassed();
        }
        finally
        {
            File.Delete(script);
        }
    }

    [Test]
    public void There_are_namespaces() =>
        Assert.That(Directory.GetFileSystemEntries("/proc/self/ns").Select(Path.GetFileName),
            Is.SupersetOf(["ipc", "mnt", "net", "pid", "user", "uts"]));

    [Test]
    public void There_are_pseudo_terminals() => Assert.That(File.ReadAllLines("/proc/filesystems"), Has.Some.Contains("devpts"));
}
