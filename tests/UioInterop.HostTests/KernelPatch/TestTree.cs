using CliWrap;
using CliWrap.Buffered;
using NUnit.Framework;
using UioInterop.Harness;
using UioInterop.Harness.Kernels;
using UioInterop.Harness.Machines;

namespace UioInterop.HostTests.KernelPatch;

/// <summary>Patched kernel source, and what tests run in it. Each call fails the test when the program fails.</summary>
internal sealed class TestTree : IDisposable
{
    private readonly KernelTree _tree;

    private TestTree(KernelTree tree) => _tree = tree;

    public string SourceDirectory => _tree.SourceDirectory;

    public string ObjectDirectory => _tree.ObjectDirectory;

    public bool HasImport =>
        File.ReadAllLines(Path.Combine(ObjectDirectory, ".config")).Contains("CONFIG_UIO_DMABUF=y");

    public static async Task<TestTree> OpenAsync(KernelVariant? variant = null, IReadOnlyList<Patch>? patches = null) =>
        new(await KernelBuilder.OpenTreeAsync(variant ?? MachineList.X64.Kernel, patches));

    public static string PathOf(string patch) => Repository.At("kernel-patch", "linux-6.12", patch);

    public static string PlainPathOf(string file) => Repository.At("kernel-patch", file);

    /// <summary>Without --no-tree it would want python modules, and to know every file it is given.</summary>
    public Task CheckpatchAsync(IEnumerable<string> arguments) =>
        RunAsync("scripts/checkpatch.pl", ["--strict", "--no-tree", "--codespell", "--quiet", .. arguments]);

    public Task<string> RunAsync(string program, IEnumerable<string> arguments) =>
        ScratchFolder.RunIn(SourceDirectory, Path.Combine(SourceDirectory, program), arguments);

    public async Task<string> MakeAsync(IEnumerable<string> arguments)
    {
        var result = await _tree.MakeAsync(arguments);
        Assert.That(result.IsSuccess, Is.True, result.StandardError);
        return result.StandardOutput + result.StandardError;
    }

    public void Dispose() => _tree.Dispose();
}
