using System.Text.RegularExpressions;
using CliWrap;
using CliWrap.Buffered;
using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Harness.Kernels;
using UioInterop.Harness.Machines;

namespace UioInterop.HostTests.KernelPatch;

/// <summary>What compilers say of drivers/uio.</summary>
internal sealed partial class CompileTests
{
    private static IEnumerable<string> Imported =>
        Directory.EnumerateFiles(Repository.At("kernel-patch", "drivers", "uio"), "*.c").Select(Path.GetFileNameWithoutExtension)!;

    private static readonly string[] s_objects = ["drivers/uio/uio_core.o", .. Imported.Select(name => $"drivers/uio/{name}.o")];

    private static readonly KernelVariant[] s_variants = [MachineList.X64.Kernel, MachineList.X64NoImport.Kernel, MachineList.X64Modular.Kernel];

    [TestCaseSource(nameof(s_variants))]
    public async Task Sparse_and_extra_warnings_are_silent(KernelVariant variant)
    {
        using var tree = await TestTree.OpenAsync(variant);
        var objects = tree.HasImport ? s_objects : s_objects[..1];
        foreach (var file in objects)
            File.Delete(Path.Combine(tree.ObjectDirectory, file));

        var output = await tree.MakeAsync(["W=1", "C=1", .. objects]);

        Assert.That(output, Does.Contain("CHECK").And.Contain("uio_core.c"), "sparse ran");
        Assert.That(output.Split('\n').Where(IsComplaint), Is.Empty);
    }

    // What "make coccicheck MODE=report" does, for the files of the series.
    [Test]
    public async Task Semantic_patches_find_nothing()
    {
        using var tree = await TestTree.OpenAsync();
        var scripts = Directory.GetFiles(Path.Combine(tree.SourceDirectory, "scripts", "coccinelle"), "*.cocci", SearchOption.AllDirectories)
            .Where(script => File.ReadAllText(script).Contains("virtual report", StringComparison.Ordinal)).ToArray();
        Assert.That(scripts, Has.Length.GreaterThan(30));

        foreach (var script in scripts)
        {
            var result = await Cli.Wrap("spatch")
                .WithArguments(["-D", "report", "--no-show-diff", "--very-quiet", "--cocci-file", script, "--dir", Repository.At("kernel-patch", "drivers", "uio")])
                .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync();
            Assert.That(result.StandardOutput, Is.Empty, Path.GetFileName(script));
        }
    }

    public static IEnumerable<TestCaseData> Steps => Patch.Series()
        .Select((patch, index) => (Patch: patch, Count: index + 1))
        .Where(step => step.Patch.Paths.Any(path => path.StartsWith("drivers/", StringComparison.Ordinal)))
        .Select(step => new TestCaseData(step.Count).SetArgDisplayNames(step.Patch.Name));

    // Each step of the series is a kernel that builds, with all that it can do so far.
    [TestCaseSource(nameof(Steps))]
    public async Task Each_patch_builds_on_its_own(int count)
    {
        Patch[] patches = [.. Patch.Series().Take(count)];
        var variant = Adds(patches, "UIO_DMABUF_ADDRESSES") ? MachineList.X64.Kernel
            : Adds(patches, "UIO_DMABUF") ? MachineList.X64NoAddresses.Kernel
            : MachineList.X64NoImport.Kernel;
        using var tree = await TestTree.OpenAsync(variant, patches);

        var output = await tree.MakeAsync(["W=1", "drivers/uio/"]);

        Assert.That(output.Split('\n').Where(IsComplaint), Is.Empty);
    }

    private static bool Adds(IEnumerable<Patch> patches, string option) =>
        patches.Any(patch => patch.Text.Contains($"\n+config {option}\n", StringComparison.Ordinal));

    // uio_poll() has always returned -EIO as if it were a poll mask.
    private static bool IsComplaint(string line) =>
        Complaint().IsMatch(line) && !line.Contains("different base types", StringComparison.Ordinal);

    [GeneratedRegex(@"\b(warning|error):")]
    private static partial Regex Complaint();
}
