using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using CliWrap;
using NUnit.Framework;
using UioInterop.Harness.Running;
using UioInterop.Machines;
using UioInterop.Machines.Kernels;

namespace UioInterop.HostTests.KernelPatch;

/// <summary>What compilers say of drivers/uio.</summary>
[Category("thorough")]
internal sealed partial class CompileTests
{
    // Words of 32 bits, and memory beyond them: addresses of the one are no addresses of the other.
    private static readonly KernelVariant s_i386 = new("PAE", Architecture.X64 with { Name = "i386", KernelName = "i386" });

    private static readonly KernelVariant[] s_configurations =
        [MachineList.X64.Kernel, MachineList.X64Modular.Kernel, MachineList.X64NoAddresses.Kernel, MachineList.X64NoImport.Kernel];

    private static readonly KernelVariant[] s_otherProcessors = [MachineList.Zcu102.Kernel, s_i386];

    [OneTimeSetUp]
    public Task TakeTurn() => TestTree.TakeTurnAsync();

    [OneTimeTearDown]
    public void EndTurn() => TestTree.EndTurn();

    private static readonly string s_thisRun = Guid.NewGuid().ToString();

    // A switch of the configuration takes longer than a patch: those of one follow each other.
    public static IEnumerable<TestCaseData> Steps =>
        from variant in s_configurations
        from count in Enumerable.Range(1, Patch.Series().Count)
        let patches = Patch.Series().Take(count).ToArray()
        where patches[^1].Paths.Any(path => path.StartsWith("drivers/", StringComparison.Ordinal))
        let off = variant.Configuration.Select(line => SwitchedOff().Match(line)).Where(match => match.Success)
            .Select(match => match.Groups[1].Value)
        where !off.Any() || off.Any(patches.SelectMany(patch => patch.Options).Contains)
        select new TestCaseData(variant, patches).SetArgDisplayNames(variant.Name, patches[^1].Name);

    // Each step of the series is a kernel that builds: with all that it can do so far, as modules, and without.
    [TestCaseSource(nameof(Steps))]
    public Task Each_patch_builds_on_its_own(KernelVariant variant, Patch[] patches) => BuildsAsync(variant, patches);

    [TestCaseSource(nameof(s_otherProcessors))]
    public Task The_series_builds_for_other_processors(KernelVariant variant) => BuildsAsync(variant, Patch.For(variant));

    // The machines run them as well, compiled without a makefile so that old kernels have them, too.
    [Test]
    public Task The_makefile_of_the_selftests_makes_them() =>
        CheckedOnce.OfKernelAsync(MachineList.X64.Kernel, null, ["make"], [], async () =>
    {
        using var tree = await TestTree.OpenAsync();
        using var folder = new ScratchFolder();

        var output = await tree.MakeSelftestsAsync(folder.PathOf(""));

        Assert.That(output.Split('\n').Where(IsComplaint), Is.Empty);
        Assert.That(File.Exists(folder.PathOf("kselftest/uio/dmabuf")), Is.True, output);
    });

    // What "make coccicheck MODE=report" does, for the files that each patch makes or changes, as they are after it; without the
    // two scripts that want an OCaml compiler, one of them for another driver.
    [Test]
    public Task Semantic_patches_find_nothing() => CheckedOnce.OfKernelAsync(MachineList.X64.Kernel, null, ["spatch"], [], async () =>
    {
        using var tree = await TestTree.OpenAsync();
        using var folder = new ScratchFolder();
        var files = await StepsAsync(tree, folder);
        var folderOfScripts = Path.Combine(tree.SourceDirectory, "scripts", "coccinelle");
        var scripts = Directory.GetFiles(folderOfScripts, "*.cocci", SearchOption.AllDirectories)
            .Where(script => IsUsable(File.ReadAllText(script))).ToArray();
        Assert.That(scripts, Has.Length.GreaterThan(60));

        var findings = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(scripts, MachineRuns.Cancel, async (script, _) =>
        {
            if (await FindingsAsync(folder, script, files) is { Length: > 0 } finding)
                findings.Add($"{script}: {finding}");
        });
        Assert.That(findings, Is.Empty);
    });

    // A folder for each patch, with drivers/uio and what the series touches elsewhere as they are after it; the files in C that
    // the patch made or changed.
    private static async Task<IReadOnlyList<string>> StepsAsync(TestTree tree, ScratchFolder folder)
    {
        var files = new List<string>();
        var series = Patch.Series();
        tree.CopyTo(folder, "0");
        foreach (var patch in series.Reverse())
            await folder.RunAsync("git", ["apply", "--directory=0", "--reverse", TestTree.PathOf(patch.Name)]);
        foreach (var (index, patch) in series.Index())
        {
            await folder.RunAsync("cp", ["--recursive", $"{index}", $"{index + 1}"]);
            await folder.RunAsync("git", ["apply", $"--directory={index + 1}", TestTree.PathOf(patch.Name)]);
            files.AddRange(patch.Paths.Where(IsInC).Select(path => Path.Combine($"{index + 1}", path))
                .Where(path => File.Exists(folder.PathOf(path))));
        }
        Assert.That(files, Is.Not.Empty);
        return files;
    }

    private static async Task<string> FindingsAsync(ScratchFolder folder, string script, IEnumerable<string> files)
    {
        var options = Options().Match(await File.ReadAllTextAsync(script)).Groups[1].Value;
        var result = await Cli.Wrap("spatch")
            .WithArguments([
                "-D", "report", "--no-show-diff", "--very-quiet", "--cocci-file", script,
                .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries), .. files])
            .WithWorkingDirectory(folder.PathOf(""))
            .WithValidation(CommandResultValidation.None).ExecuteBoundedAsync();
        var errors = result.StandardError.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !AboutScript().IsMatch(line));
        return string.Join('\n', [.. result.IsSuccess ? [] : new[] { $"exit status {result.ExitCode}" }, .. errors])
            + result.StandardOutput;
    }

    private static bool IsInC(string path) => Path.GetExtension(path) is ".c" or ".h";

    private static Task BuildsAsync(KernelVariant variant, IReadOnlyList<Patch> patches) =>
        CheckedOnce.OfKernelAsync(variant, patches, ["make", "sparse"], [], async () =>
        {
            using var tree = await TestTree.OpenAsync(variant, patches);

            Assert.That(await ComplaintsAsync(tree), Is.Empty);
        });

    // Of the compiler, told to be strict, and of sparse. What is compiled already would be silent: objects that others have made
    // are removed. Of our own, make knows from patch to patch which to make again.
    private static async Task<IEnumerable<string>> ComplaintsAsync(TestTree tree)
    {
        var folder = Directory.CreateDirectory(Path.Combine(tree.ObjectDirectory, "drivers", "uio"));
        var owner = Path.Combine(folder.FullName, "checked-by");
        var isFirst = !File.Exists(owner) || await File.ReadAllTextAsync(owner) != s_thisRun;
        if (isFirst)
        {
            foreach (var file in folder.GetFiles("*.o"))
                file.Delete();
        }
        var output = await tree.MakeAsync(["W=1", "C=1", "drivers/uio/"]);
        // Whoever fails begins anew the next time, and sees it again.
        var complaints = output.Split('\n').Where(IsComplaint).ToArray();
        await File.WriteAllTextAsync(owner, complaints.Length == 0 ? s_thisRun : "");
        if (isFirst)
            Assert.That(output, Does.Match(@"CHECK\s+\S*uio_core\.c"), "sparse ran");
        return complaints;
    }

    private static bool IsUsable(string script) =>
        script.Contains("virtual report", StringComparison.Ordinal) && !script.Contains(":ocaml", StringComparison.Ordinal);

    // On ARM sparse sees the vDSO as well, which is compiled beforehand. uio_poll() has always returned -EIO as if it were a
    // poll mask.
    private static bool IsComplaint(string line) => Complaint().IsMatch(line)
        && !line.Contains("/arch/arm64/kernel/vdso", StringComparison.Ordinal)
        && !(line.Contains("uio_core.c", StringComparison.Ordinal)
            && line.Contains("incorrect type in assignment (different base types)", StringComparison.Ordinal));

    [GeneratedRegex(@"\b(warning|error):")]
    private static partial Regex Complaint();

    [GeneratedRegex(@"^// Options:(.*)$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Options();

    [GeneratedRegex("^warning: line [0-9]+: should .* be a metavariable\\?$", RegexOptions.CultureInvariant)]
    private static partial Regex AboutScript();

    [GeneratedRegex("^# CONFIG_(UIO_\\w+) is not set$", RegexOptions.CultureInvariant)]
    private static partial Regex SwitchedOff();
}
