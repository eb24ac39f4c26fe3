using CliWrap;
using UioInterop.Machines.Host;

namespace UioInterop.Machines.Kernels;

/// <summary>
/// Where kernel source comes from: Debian's tarball of a release, or for the default one the user's own tree in
/// KERNEL_SRC. Neither is touched.
/// </summary>
internal sealed record KernelSource(string Identity, string Location, bool IsTarball)
{
    /// <summary>The release that the series is for.</summary>
    public const string DefaultRelease = "6.12";

    /// <summary>The user's own tree; null for Debian's source.</summary>
    public static string? OwnTree => Environment.GetEnvironmentVariable("KERNEL_SRC") is { Length: > 0 } directory ? directory : null;

    public static string PackageOf(string release) => $"linux-source-{release}";

    public static string TarballOf(string release) => $"/usr/src/{PackageOf(release)}.tar.xz";

    public static async Task<KernelSource> FindAsync(string release, CancellationToken cancel) =>
        release == DefaultRelease && OwnTree is { } directory
            ? FromDirectory(Path.GetFullPath(directory))
            : await FromPackageAsync(release, cancel);

    private static KernelSource FromDirectory(string directory) =>
        File.Exists(Path.Combine(directory, "Kbuild"))
            ? new KernelSource($"{directory} {Fingerprint.OfFiles(directory)}", directory, IsTarball: false)
            : throw new MachineException($"KERNEL_SRC={directory} is not a kernel source tree: it has no Kbuild.");

    private static async Task<KernelSource> FromPackageAsync(string release, CancellationToken cancel)
    {
        var (package, tarball) = (PackageOf(release), TarballOf(release));
        if (!File.Exists(tarball))
            throw new MachineException($"{tarball} is missing. Install it: apt-get install {package}");
        var version = await Shell.RunAsync("dpkg-query", ["-W", "-f", "${Version}", package], cancel);
        return new KernelSource($"{package} {version}", tarball, IsTarball: true);
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
