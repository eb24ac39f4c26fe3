using UioInterop.Harness.Machines;

namespace UioInterop.Harness.Kernels;

/// <summary>The kernel's own tests of UIO (tools/testing/selftests/uio), as programs that need nothing but a kernel.</summary>
internal static class Selftests
{
    public static async Task<IReadOnlyList<string>> CompileAsync(KernelTree tree, Architecture architecture, CancellationToken cancel)
    {
        var directory = KernelImage.Scratch(Path.Combine(tree.ObjectDirectory, "uio-selftests"));
        // They are those of the series whatever the kernel; what they include is a folder above any of the kernel's own.
        var neighbour = Path.Combine(tree.SourceDirectory, "tools", "testing", "selftests", "dmabuf-heaps");
        foreach (var source in Directory.GetFiles(Repository.At("kernel-patch", "tools", "testing", "selftests", "uio"), "*.c"))
            await Shell.RunAsync(
                architecture.Compiler,
                [
                    "-static", "-O2", "-s", "-Wall", "-Werror", "-D_GNU_SOURCE=", "-I", neighbour,
                    "-I", Repository.At("kernel-patch", "include", "uapi"), "-o", Path.Combine(directory, Path.GetFileNameWithoutExtension(source)), source,
                ], cancel);
        return Directory.GetFiles(directory);
    }
}
