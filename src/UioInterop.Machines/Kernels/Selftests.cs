using UioInterop.Machines.Host;

namespace UioInterop.Machines.Kernels;

/// <summary>The kernel's own tests of UIO (tools/testing/selftests/uio), as programs that need nothing but a kernel.</summary>
internal static class Selftests
{
    private static readonly string s_files = Content.At("kernel-patch");

    private static IEnumerable<string> Files(string tree, string pattern) =>
        Directory.GetFiles(Path.Combine(tree, "tools", "testing", "selftests", "uio"), pattern).Order(StringComparer.Ordinal);

    /// <summary>What has to be the same for them to be the same.</summary>
    public static IEnumerable<string> MadeFrom(Architecture architecture) =>
    [
        .. architecture.ProgramBuilds.Select(build => build.ToString()),
        .. Files(s_files, "*.c").Concat(Files(s_files, "*.h")).Select(File.ReadAllText),
    ];

    public static async Task<IReadOnlyList<(string Build, string Program)>> CompileAsync(
        KernelTree tree, KernelVariant variant, CancellationToken cancel)
    {
        var programs = new List<(string, string)>();
        var directory = KernelImage.Scratch(Path.Combine(tree.ObjectDirectory, "uio-selftests"));
        // They are those of both series whatever the kernel, but for one that has the first alone. What they include is a folder
        // above any of the kernel's own, and of the kernel's headers this one.
        var files = variant.HasFirstSeriesAlone ? tree.SourceDirectory : s_files;
        var neighbour = Path.Combine(tree.SourceDirectory, "tools", "testing", "selftests", "dmabuf-heaps");
        var headers = Path.Combine(directory, "include");
        File.Copy(
            Path.Combine(files, "include", "uapi", "linux", "uio", "uio.h"),
            Path.Combine(Directory.CreateDirectory(Path.Combine(headers, "linux", "uio")).FullName, "uio.h"));
        foreach (var build in variant.Architecture.ProgramBuilds)
        {
            var output = Directory.CreateDirectory(Path.Combine(directory, build.Name)).FullName;
            foreach (var source in Files(files, "*.c"))
            {
                var program = Path.Combine(output, Path.GetFileNameWithoutExtension(source));
                await Shell.RunAsync(
                    build.Compiler,
                    [
                        "-static", "-O2", "-s", "-Wall", "-Werror", "-D_GNU_SOURCE=", "-I", neighbour, "-I", headers,
                        "-o", program, source,
                    ], cancel);
                programs.Add((build.Name, program));
            }
        }
        return programs;
    }
}
