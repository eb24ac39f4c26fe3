using System.Text.RegularExpressions;
using NUnit.Framework;
using UioInterop.Harness;

namespace UioInterop.HostTests.KernelPatch;

/// <summary>
/// The sources of a module for a kernel that is there (kernel-patch/module). The machine x86-64-debian shows that they build
/// for one of them, with DKMS, and work.
/// </summary>
[Category("thorough")]
internal sealed partial class ModuleTests
{
    private static readonly string[] s_build = ["Kbuild", "Makefile", "dkms.conf", "uio_newer_kernels.h"];
    private static readonly string s_imported = Repository.At("kernel-patch", "drivers", "uio");

    [TestCase("6.1")]
    [TestCase("6.12")]
    [TestCase("7.3", TestName = "Prepare.x86-64-linux-7.3, brings everything that Kbuild needs")]
    public async Task Prepare_brings_everything_that_Kbuild_needs(string release)
    {
        using var folder = new ScratchFolder();

        await folder.RunAsync(Repository.At("kernel-patch", "module", "prepare.sh"), [release, folder.PathOf("uio")]);

        var files = Directory.GetFiles(folder.PathOf("uio")).Select(Path.GetFileName).ToArray();
        string[] imported = [.. Directory.GetFiles(s_imported).Select(Path.GetFileName)!];
        Assert.That(files, Is.EquivalentTo([.. s_build, "uio_core.c", .. imported]));
        foreach (var file in imported.Append("uio_core.c"))
            foreach (Match include in OwnHeader().Matches(folder.Read($"uio/{file}")))
                Assert.That(files, Does.Contain(include.Groups[1].Value), file);
        Assert.That(
            File.Exists(folder.PathOf("uio/include/uapi/linux/uio/uio.h")), Is.True, "what uio_core.c includes as <linux/uio/uio.h>");
        foreach (var file in imported)
            Assert.That(folder.Read($"uio/{file}"), Is.EqualTo(await File.ReadAllTextAsync(Path.Combine(s_imported, file))), file);
    }

    [GeneratedRegex("^#include \"(.+)\"$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex OwnHeader();
}
