using CliWrap;
using CliWrap.Buffered;
using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Harness.Running;
using UioInterop.Machines;
using UioInterop.Machines.Kernels;

namespace UioInterop.HostTests.KernelPatch;

/// <summary>Patched kernel source, and what tests run in it. Each call fails the test when the program fails.</summary>
internal sealed class TestTree : IDisposable
{
    // Of Debian's codespell. By itself checkpatch.pl asks whichever python comes first, and does without when that has none.
    private const string Dictionary = "/usr/lib/python3/dist-packages/codespell_lib/data/dictionary.txt";

    // From one patch of the series to the next little is compiled; with another fixture's patches in between, nearly all is.
    private static readonly SemaphoreSlim s_turn = new(1);

    private readonly KernelTree _tree;

    private TestTree(KernelTree tree) => _tree = tree;

    public string SourceDirectory => _tree.SourceDirectory;

    public string ObjectDirectory => _tree.ObjectDirectory;

    /// <summary>A fixture that patches the tree has it for all of its tests: call it in OneTimeSetUp.</summary>
    public static Task TakeTurnAsync() => s_turn.WaitAsync(MachineRuns.Cancel);

    /// <summary>Call it in OneTimeTearDown.</summary>
    public static void EndTurn() => s_turn.Release();

    public static async Task<TestTree> OpenAsync(KernelVariant? variant = null, IReadOnlyList<Patch>? patches = null) =>
        new(await KernelBuilder.OpenTreeAsync(variant ?? MachineList.X64.Kernel, patches));

    /// <summary>A patch of the series, or of what an older kernel lacks, by its name.</summary>
    public static string PathOf(string patch) =>
        Repository.At("kernel-patch", $"linux-{KernelSource.DefaultRelease}", patch) is var path && File.Exists(path)
            ? path
            : Directory.GetFiles(Repository.At("kernel-patch"), patch, SearchOption.AllDirectories).Single();

    public static string PlainPathOf(string file) => Repository.At("kernel-patch", file);

    /// <summary>Without --no-tree it would want python modules, and to know every file it is given.</summary>
    public Task CheckpatchAsync(IEnumerable<string> arguments) => RunAsync(
        "scripts/checkpatch.pl", ["--strict", "--no-tree", "--codespell", "--codespellfile", Dictionary, "--quiet", .. arguments]);

    public Task<string> RunAsync(string program, IEnumerable<string> arguments) =>
        ScratchFolder.RunIn(SourceDirectory, Path.Combine(SourceDirectory, program), arguments);

    /// <summary>The kernel's own way to its tests of UIO, as programs that need nothing but a kernel.</summary>
    public async Task<string> MakeSelftestsAsync(string output)
    {
        await MakeAsync(["headers"]);
        return await ScratchFolder.RunIn(
            SourceDirectory, "make",
            [
                "-C", "tools/testing/selftests", "TARGETS=uio", $"O={output}",
                $"KHDR_INCLUDES=-isystem {ObjectDirectory}/usr/include", "LDFLAGS=-static",
            ]);
    }

    public async Task<string> MakeAsync(IEnumerable<string> arguments)
    {
        var result = await _tree.MakeAsync(arguments, MachineRuns.Cancel);
        Assert.That(result.IsSuccess, Is.True, result.StandardError);
        return result.StandardOutput + result.StandardError;
    }

    /// <summary>Copies drivers/uio, and what the series touches elsewhere.</summary>
    public void CopyTo(ScratchFolder folder, string name)
    {
        var touched = Patch.Series().SelectMany(patch => patch.Paths)
            .Concat(Directory.GetFiles(Path.Combine(SourceDirectory, "drivers", "uio"))
                .Select(file => Path.GetRelativePath(SourceDirectory, file)));
        foreach (var path in touched.Distinct().Where(path => File.Exists(Path.Combine(SourceDirectory, path))))
            folder.Copy(SourceDirectory, path, Path.Combine(name, path));
    }

    public void Dispose() => _tree.Dispose();
}
