using UioInterop.Machines.Host;

namespace UioInterop.Machines.Kernels;

/// <summary>The kernel's own tests of UIO (tools/testing/selftests/uio), as programs that need nothing but a kernel.</summary>
internal static class Selftests
{
    private static readonly string s_folder = Content.At("kernel-patch", "tools", "testing", "selftests", "uio");

    private static IEnumerable<string> Sources => Files("*.c");

    private static IEnumerable<string> Files(string pattern) => Directory.GetFiles(s_folder, pattern).Order(StringComparer.Ordinal);

    /// <summary>What has to be the same for them to be the same.</summary>
    public static IEnumerable<string> MadeFrom(Architecture architecture) =>
        [.. architecture.ProgramBuilds.Select(build => build.ToString()), .. Sources.Concat(Files("*.h")).Select(File.ReadAllText)];

    public static async Task<IReadOnlyList<(string Build, string Program)>> CompileAsync(
        KernelTree tree, Architecture architecture, CancellationToken cancel)
    {
        var programs = new List<(string, string)>();
        var directory = KernelImage.Scratch(Path.Combine(tree.ObjectDirectory, "uio-selftests"));
        // They are those of the series whatever the kernel; what they include is a folder above any of the kernel's own.
        var neighbour = Path.Combine(tree.SourceDirectory, "tools", "testing", "selftests", "dmabuf-heaps");
        foreach (var build in architecture.ProgramBuilds)
        {
            var output = Directory.CreateDirectory(Path.Combine(directory, build.Name)).FullName;
            foreach (var source in Sources)
            {
                var program = Path.Combine(output, Path.GetFileNameWithoutExtension(source));
                await Shell.RunAsync(
                    build.Compiler,
                    [
                        "-static", "-O2", "-s", "-Wall", "-Werror", "-D_GNU_SOURCE=", "-I", neighbour,
                        "-I", Content.At("kernel-patch", "include", "uapi"), "-o", program, source,
                    ], cancel);
                programs.Add((build.Name, program));
            }
        }
        return programs;
    }
}
