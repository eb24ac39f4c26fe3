using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Harness.Running;
using UioInterop.Machines.Host;

namespace UioInterop.HostTests;

/// <summary>The shim's own tests, in C.</summary>
internal sealed class NativeTests
{
    [TestCase("x86-64")]
    [TestCase("arm64", Category = "thorough")]
    [TestCase("armhf", Category = "thorough")]
    public async Task Make_check_passes(string architecture)
    {
        using var turn = await Artifacts.LockAsync("native", MachineRuns.Cancel);
        var output = await ScratchFolder.RunIn(Repository.At("native"), "make", ["--silent", "check", $"ARCH={architecture}"]);

        Assert.That(output.Split('\n').Where(line => line.StartsWith("not ok", StringComparison.Ordinal)), Is.Empty);
        Assert.That(output, Does.Contain("\nok "));
    }

    [Test]
    public async Task A_C_program_is_built_against_what_make_installs()
    {
        using var folder = new ScratchFolder();
        using (await Artifacts.LockAsync("native", MachineRuns.Cancel))
            await ScratchFolder.RunIn(Repository.At("native"), "make", ["--silent", "install", $"PREFIX={folder.PathOf("usr")}"]);

        // EBADF is 9.
        folder.Write("main.c", "#include <uiodmabuf.h>\nint main(void) { return -uiodmabuf_sync(-1, 0); }\n");
        await folder.RunAsync("gcc", ["-Iusr/include", "main.c", "-Lusr/lib", "-luiodmabuf", "-o", "main"]);
        await folder.RunAsync("sh", ["-c", "LD_LIBRARY_PATH=usr/lib ./main; [ $? = 9 ]"]);

        Assert.That(folder.Read("usr/lib/pkgconfig/libuiodmabuf.pc"),
            Does.Contain($"libdir={folder.PathOf("usr/lib")}\n").And.Match("\nVersion: [0-9]+\\.[0-9]+\\.[0-9]+\n"));
    }
}
