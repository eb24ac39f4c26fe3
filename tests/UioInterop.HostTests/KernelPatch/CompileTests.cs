using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using CliWrap;
using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Harness.Kernels;
using UioInterop.Harness.Machines;
using UioInterop.Harness.Running;

namespace UioInterop.HostTests.KernelPatch;

/// <summary>What compilers say of drivers/uio.</summary>
internal sealed partial class CompileTests
{
    // Words of 32 bits, and memory beyond them: addresses of the one are no addresses of the other.
    private static readonly KernelVariant s_i386 = new("PAE", Architecture.X64 with { Name = "i386", KernelName = "i386" });

    private static readonly KernelVariant[] s_configurations =
        [MachineList.X64.Kernel, MachineList.X64Modular.Kernel, MachineList.X64NoAddresses.Kernel, MachineList.X64NoImport.Kernel];

    private static readonly KernelVariant[] s_otherProcessors = [MachineList.Zcu102.Kernel, s_i386];

    // A switch of the configuration takes longer than a patch: those of one follow each other.
    public static IEnumerable<TestCaseData> Steps =>
        from variant in s_configurations
        from count in Enumerable.Range(1, Patch.Series().Count)
        let patches = Patch.Series().Take(count).ToArray()
        where patches[^1].Paths.Any(path => path.StartsWith("drivers/", StringComparison.Ordinal))
        let off = variant.Configuration.Select(line => SwitchedOff().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value)
        where !off.Any() || off.Any(patches.SelectMany(patch => patch.Options).Contains)
        select new TestCaseData(variant, patches).SetArgDisplayNames(variant.Name, patches[^1].Name);

    // Each step of the series is a kernel that builds: with all that it can do so far, as modules, and without.
    [TestCaseSource(nameof(Steps))]
    public async Task Each_patch_builds_on_its_own(KernelVariant variant, Patch[] patches)
    {
        using var tree = await TestTree.OpenAsync(variant, patches);

        Assert.That(await ComplaintsAsync(tree), Is.Empty);
    }

    [TestCaseSource(nameof(s_otherProcessors))]
    public async Task The_series_builds_for_other_processors(KernelVariant variant)
    {
        using var tree = await TestTree.OpenAsync(variant);

        Assert.That(await ComplaintsAsync(tree), Is.Empty);
    }

    // The machines run them as well, compiled without a makefile so that old kernels have them, too.
    [Test]
    public async Task The_makefile_of_the_selftests_makes_them()
    {
        using var tree = await TestTree.OpenAsync();
        using var folder = new ScratchFolder();

        var output = await tree.MakeSelftestsAsync(folder.PathOf(""));

        Assert.That(output.Split('\n').Where(IsComplaint), Is.Empty);
        Assert.That(File.Exists(folder.PathOf("kselftest/uio/dmabuf")), Is.True, output);
    }

    public static IEnumerable<TestCaseData> StepsInC =>
        from count in Enumerable.Range(1, Patch.Series().Count)
        let patches = Patch.Series().Take(count).ToArray()
        where patches[^1].Paths.Any(IsInC)
        select new TestCaseData([patches]).SetArgDisplayNames(patches[^1].Name);

    // What "make coccicheck MODE=report" does, for the files that the last patch makes or changes; without the two scripts that
    // want an OCaml compiler, one of them for another driver.
    [TestCaseSource(nameof(StepsInC))]
    public async Task Semantic_patches_find_nothing(Patch[] patches)
    {
        using var tree = await TestTree.OpenAsync(patches: patches);
        var files = patches[^1].Paths.Where(path => IsInC(path) && File.Exists(Path.Combine(tree.SourceDirectory, path))).ToArray();
        var scripts = Directory.GetFiles(Path.Combine(tree.SourceDirectory, "scripts", "coccinelle"), "*.cocci", SearchOption.AllDirectories)
            .Where(script => IsUsable(File.ReadAllText(script))).ToArray();
        Assert.That(scripts, Has.Length.GreaterThan(60));

        var findings = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(scripts, MachineRuns.Cancel, async (script, _) =>
        {
            if (await FindingsAsync(tree, script, files) is { Length: > 0 } finding)
                findings.Add($"{script}: {finding}");
        });
        Assert.That(findings, Is.Empty);
    }

    private static async Task<string> FindingsAsync(TestTree tree, string script, IEnumerable<string> files)
    {
        var options = Options().Match(await File.ReadAllTextAsync(script)).Groups[1].Value;
        var result = await Cli.Wrap("spatch")
            .WithArguments([
                "-D", "report", "--no-show-diff", "--very-quiet", "--cocci-file", script,
                .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries), .. files])
            .WithWorkingDirectory(tree.SourceDirectory)
            .WithValidation(CommandResultValidation.None).ExecuteBoundedAsync();
        var errors = result.StandardError.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !AboutScript().IsMatch(line));
        return string.Join('\n', [.. result.IsSuccess ? [] : new[] { $"exit status {result.ExitCode}" }, .. errors]) + result.StandardOutput;
    }

    private static bool IsInC(string path) => Path.GetExtension(path) is ".c" or ".h";

    // Of the compiler, told to be strict, and of sparse. What is compiled already would be silent.
    private static async Task<IEnumerable<string>> ComplaintsAsync(TestTree tree)
    {
        var folder = Directory.CreateDirectory(Path.Combine(tree.ObjectDirectory, "drivers", "uio"));
        foreach (var file in folder.GetFiles("*.o"))
            file.Delete();
        var output = await tree.MakeAsync(["W=1", "C=1", "drivers/uio/"]);
        Assert.That(output, Does.Match(@"CHECK\s+\S*uio_core\.c"), "sparse ran");
        return output.Split('\n').Where(IsComplaint);
    }

    private static bool IsUsable(string script) =>
        script.Contains("virtual report", StringComparison.Ordinal) && !script.Contains(":ocaml", StringComparison.Ordinal);

    // On ARM sparse sees the vDSO as well, which is compiled beforehand. uio_poll() has always returned -EIO as if it were a
    // poll mask.
    private static bool IsComplaint(string line) => Complaint().IsMatch(line)
        && !line.Contains("/arch/arm64/kernel/vdso", StringComparison.Ordinal)
        && !(line.Contains("uio_core.c", StringComparison.Ordinal) && line.Contains("incorrect type in assignment (different base types)", StringComparison.Ordinal));

    [GeneratedRegex(@"\b(warning|error):")]
    private static partial Regex Complaint();

    [GeneratedRegex(@"^// Options:(.*)$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Options();

    [GeneratedRegex("^warning: line [0-9]+: should .* be a metavariable\\?$", RegexOptions.CultureInvariant)]
    private static partial Regex AboutScript();

    [GeneratedRegex("^# CONFIG_(UIO_\\w+) is not set$", RegexOptions.CultureInvariant)]
    private static partial Regex SwitchedOff();
}
