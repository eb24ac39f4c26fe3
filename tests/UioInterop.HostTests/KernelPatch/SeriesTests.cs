using System.Text.RegularExpressions;
using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Machines;
using UioInterop.Machines.Kernels;

namespace UioInterop.HostTests.KernelPatch;

/// <summary>The series as a maintainer takes it: it applies, it is clean, and what lies beside it is what it says.</summary>
[Category("thorough")]
internal sealed partial class SeriesTests
{
    private static readonly string[] s_plainFiles =
        [.. new[] { "drivers", "include", "tools" }
            .SelectMany(folder => Directory.EnumerateFiles(Repository.At("kernel-patch", folder), "*", SearchOption.AllDirectories))
            .Select(file => Path.GetRelativePath(Repository.At("kernel-patch"), file)).Order()];

    private static readonly string[] s_forOthers =
        [.. Directory.GetDirectories(Repository.At("kernel-patch"), "linux-*")
            .Where(folder => Path.GetFileName(folder) != $"linux-{KernelSource.DefaultRelease}")
            .SelectMany(folder => Directory.GetFiles(folder, "*.patch")).Order()];

    private static readonly string[] s_sources = [.. s_plainFiles.Where(file => Path.GetExtension(file) is ".c" or ".h")];

    [OneTimeSetUp]
    public Task TakeTurn() => TestTree.TakeTurnAsync();

    [OneTimeTearDown]
    public void EndTurn() => TestTree.EndTurn();

    public static IEnumerable<string> Patches => Patch.Series().Select(patch => patch.Name);

    // Patches change nothing but what they name.
    [Test]
    public async Task Git_am_takes_it_without_fuzz()
    {
        using var folder = new ScratchFolder();

        var output = await AmAsync(folder, MachineList.X64.Kernel);

        Assert.That(output, Does.Not.Contain("fuzz").And.Not.Contain("offset"));
        foreach (var file in s_plainFiles)
            Assert.That(folder.Read(file), Is.EqualTo(Plain(file)), $"kernel-patch/{file} is what the series makes");
    }

    // There lines are elsewhere, and the files of the series the same.
    [Test]
    public async Task Git_am_takes_it_for_Linux_6_1()
    {
        using var folder = new ScratchFolder();

        var output = await AmAsync(folder, MachineList.X64Linux61.Kernel);

        Assert.That(output, Does.Not.Contain("fuzz").And.Not.Contain("conflict").IgnoreCase);
        foreach (var file in s_plainFiles.Where(file => !file.StartsWith("tools/", StringComparison.Ordinal)))
            Assert.That(folder.Read(file), Is.EqualTo(Plain(file)), file);
    }

    [Test]
    public async Task Checkpatch_says_nothing_about_what_other_kernels_lack()
    {
        foreach (var patch in s_forOthers)
            await CheckpatchAsync(File.ReadAllText(patch), [patch]);
    }

    // Otherwise it would be left out in silence.
    [Test]
    public void Each_patch_for_another_kernel_comes_first_or_replaces_one()
    {
        string[] series = [.. Patch.Series().Select(patch => Subject(patch.Name))];
        Assert.That(
            s_forOthers.Select(Path.GetFileName).OfType<string>()
                .Where(name => !name.StartsWith("0000-", StringComparison.Ordinal)).Select(Subject),
            Is.SubsetOf(series));
    }

    private static string Subject(string name) => name[(name.IndexOf('-', StringComparison.Ordinal) + 1)..];

    [TestCaseSource(nameof(Patches))]
    public Task Checkpatch_says_nothing_about_the_patch(string patch)
    {
        // drivers/uio/ in MAINTAINERS covers files that are new or renamed within it.
        var elsewhere = NewFile().Matches(Patch.Series().Single(each => each.Name == patch).Text)
            .Any(match => !match.Groups[1].Value.StartsWith("drivers/uio/", StringComparison.Ordinal));
        string[] ignored = elsewhere ? [] : ["--ignore", "FILE_PATH_CHANGES"];
        return CheckpatchAsync(File.ReadAllText(TestTree.PathOf(patch)), [.. ignored, TestTree.PathOf(patch)]);
    }

    [TestCaseSource(nameof(s_sources))]
    // By its name in the tree: the rules for headers of user space are others.
    public Task Checkpatch_says_nothing_about_the_file(string file) => CheckpatchAsync(Plain(file), ["--file", file]);

    [Test]
    public Task Kernel_doc_is_complete() => CheckedOnce.OfKernelAsync(MachineList.X64.Kernel, null, ["perl"], [], async () =>
    {
        using var tree = await TestTree.OpenAsync();

        var output = await tree.RunAsync("scripts/kernel-doc", ["-none", "-Wall", .. s_sources]);
        output += await tree.RunAsync("scripts/kernel-doc", ["-none", "drivers/uio/uio_core.c"]);

        Assert.That(output, Is.Empty);
    });

    // Who reviews the first needs nothing of what the second is about.
    [Test]
    public void The_first_series_says_nothing_of_the_second()
    {
        var first = Patch.FirstSeries();

        Assert.That(first, Is.Not.Empty.And.Count.LessThan(Patch.Series().Count));
        Assert.That(first.SelectMany(patch => OfTheSecond().Matches(patch.Text)).Select(match => match.Value), Is.Empty);
    }

    // Its structures are part of the symbol checksums of every other UIO driver.
    [Test]
    public void The_header_of_UIO_drivers_is_untouched()
    {
        Assert.That(Patch.Series().SelectMany(patch => patch.Paths), Has.None.EqualTo("include/linux/uio_driver.h"));
    }

    [GeneratedRegex("quarantine|quiesce|claim|taint|xlnx|xilinx|swiotlb|bounce", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OfTheSecond();

    [GeneratedRegex("^diff --git a/\\S+ b/(\\S+)\nnew file mode", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex NewFile();

    // The script is the kernel's: without patches it is the same, whatever the series.
    private static Task CheckpatchAsync(string text, IReadOnlyList<string> arguments) =>
        CheckedOnce.OfKernelAsync(
            MachineList.X64.Kernel, [], ["perl", "codespell"], [text, .. arguments.Select(Path.GetFileName)!], async () =>
        {
            using var tree = await TestTree.OpenAsync();
            await tree.CheckpatchAsync(arguments);
        });

    /// <summary>git am of all that a kernel gets, where the files are as Debian ships them.</summary>
    private static async Task<string> AmAsync(ScratchFolder folder, KernelVariant variant)
    {
        using var tree = await TestTree.OpenAsync(variant);
        var patches = Patch.For(variant);
        var names = patches.SelectMany(patch => patch.Paths).Distinct();
        foreach (var name in names.Where(name => File.Exists(Path.Combine(tree.SourceDirectory, name))))
            folder.Copy(tree.SourceDirectory, name);
        foreach (var patch in patches.Reverse())
            await folder.RunAsync("git", ["apply", "--reverse", TestTree.PathOf(patch.Name)]);
        await folder.RunAsync("git", ["init", "--quiet"]);
        await folder.RunAsync("git", ["add", "--all"]);
        await folder.CommitAsync("as Debian ships it");
        return await folder.RunAsync(
            "git", ["-c", "user.name=t", "-c", "user.email=t@t", "am", .. patches.Select(patch => TestTree.PathOf(patch.Name))]);
    }

    private static string Plain(string file) => File.ReadAllText(TestTree.PlainPathOf(file));
}
