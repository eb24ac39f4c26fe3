using CliWrap;

namespace UioInterop.Harness.Kernels;

/// <summary>
/// Where kernel source comes from: Debian's tarball, or the user's own tree in KERNEL_SRC. Neither is touched.
/// </summary>
public sealed record KernelSource(string Identity, string Location, bool IsTarball)
{
    public const string Package = "linux-source-6.12";

    private const string Tarball = $"/usr/src/{Package}.tar.xz";

    public static async Task<KernelSource> FindAsync(CancellationToken cancel) =>
        Environment.GetEnvironmentVariable("KERNEL_SRC") is { Length: > 0 } directory
            ? FromDirectory(Path.GetFullPath(directory))
            : await FromPackageAsync(cancel);

    private static KernelSource FromDirectory(string directory) =>
        File.Exists(Path.Combine(directory, "Kbuild"))
            ? new KernelSource($"{directory} {Fingerprint.OfFiles(directory)}", directory, IsTarball: false)
            : throw new HarnessException($"KERNEL_SRC={directory} is not a kernel source tree: it has no Kbuild.");

    private static async Task<KernelSource> FromPackageAsync(CancellationToken cancel)
    {
        if (!File.Exists(Tarball))
            throw new HarnessException($"{Tarball} is missing. Install it: apt-get install {Package}");
        var version = await Shell.RunAsync("dpkg-query", ["-W", "-f", "${Version}", Package], cancel);
        return new KernelSource($"{Package} {version}", Tarball, IsTarball: true);
    }

    internal async Task CopyToAsync(string directory, CancellationToken cancel)
    {
        Directory.CreateDirectory(directory);
        if (IsTarball)
        {
            await Shell.RunAsync("tar", ["-xJf", Location, "-C", directory, "--strip-components=1"], cancel);
            return;
        }
        await (Cli.Wrap("tar").WithArguments(["-C", Location, "--exclude=./.git", "-cf", "-", "."])
            | Cli.Wrap("tar").WithArguments(["-C", directory, "-xf", "-"])).ExecuteAsync(cancel);
        // An object directory of its own works only when nothing was built in the tree itself.
        await Shell.RunAsync("make", ["-C", directory, "mrproper"], cancel);
    }
}
