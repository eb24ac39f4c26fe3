using UioInterop.Machines.Host;

namespace UioInterop.Machines.Kernels;

/// <summary>
/// Debian's own kernel, not rebuilt: its package as it is, with a uio.ko made of kernel-patch/module in place of its own.
/// </summary>
internal sealed class DistributionKernel(KernelVariant variant)
{
    /// <summary>Not on everybody's path.</summary>
    public const string Dkms = "/usr/sbin/dkms";

    // Otherwise it makes a key for this machine, which it keeps.
    private static readonly Dictionary<string, string?> s_unsigned = new() { ["sign_file"] = "none" };

    private static readonly string s_module = Content.At("kernel-patch", "module");

    /// <summary>The finished kernel, from the cache or put together now.</summary>
    public async Task<KernelImage> EnsureAsync(IProgress<BuildProgress> progress, CancellationToken cancel)
    {
        var home = await HomeAsync(cancel);
        return KernelImage.Find(home) ?? await MakeAsync(home, progress, cancel);
    }

    public async Task<bool> IsBuiltAsync(CancellationToken cancel) => KernelImage.Find(await HomeAsync(cancel)) is not null;

    /// <summary>Where it is kept, and the folder that it is put together in.</summary>
    public async Task<(string Kernel, string Tree)> PlacesAsync(CancellationToken cancel) =>
        (await HomeAsync(cancel), TreeOf(await NameAsync(cancel)));

    private static string TreeOf(string name) => $"debian-{name}";

    private async Task<string> HomeAsync(CancellationToken cancel) => Cache.At("kernels", Fingerprint.OfText([
        await NameAsync(cancel), .. variant.Modules,
        .. Directory.GetFiles(s_module).Order(StringComparer.Ordinal).Select(File.ReadAllText),
        .. Patch.For(variant).SelectMany(patch => new[] { patch.Name, patch.Text })]));

    /// <summary>The package that brings what modules for it are compiled with.</summary>
    public static string HeadersOf(KernelVariant variant) => $"linux-headers-{variant.Distribution}";

    /// <summary>What uname -r says on it: the headers that are installed are for one version.</summary>
    private async Task<string> NameAsync(CancellationToken cancel)
    {
        var depends = await Shell.RunAsync("dpkg-query", ["-W", "-f", "${Depends}", HeadersOf(variant)], cancel);
        return depends.Split(' ')[0]["linux-headers-".Length..];
    }

    private async Task<KernelImage> MakeAsync(string home, IProgress<BuildProgress> progress, CancellationToken cancel)
    {
        using var held = await Cache.LockAsync(cancel);
        if (KernelImage.Find(home) is { } other)
            return other;
        var name = await NameAsync(cancel);
        var scratch = KernelImage.Scratch(Cache.At("build", TreeOf(name)));
        var package = Path.Combine(scratch, "package");
        progress.Report(new BuildProgress("fetching the kernel's package"));
        // Unpacked and not installed: this machine keeps the kernel it has.
        await Shell.RunAsync("apt-get", ["download", "-qq", "-o", "APT::Sandbox::User=root", $"linux-image-{name}"], cancel, scratch);
        await Shell.RunAsync("dpkg-deb", ["-x", Directory.GetFiles(scratch, "*.deb").Single(), package], cancel);
        progress.Report(new BuildProgress("compiling uio.ko"));
        var ours = await BuildModuleAsync(name, scratch, cancel);

        string Boot(string file) => Path.Combine(package, "boot", $"{file}-{name}");
        var stock = Path.Combine(package, "lib", "modules", name);
        return KernelImage.Keep(home, new KernelParts(
            Boot("vmlinuz"), Boot("config"),
            [.. ModuleOrder.Resolve(stock, variant.Modules)
                .Select(path => Path.GetFileName(path) == "uio.ko" ? ours : Path.Combine(stock, path))],
            Selftests: []));
    }

    // By DKMS, as users do it, in folders of our own: this machine gets no module.
    private async Task<string> BuildModuleAsync(string kernel, string scratch, CancellationToken cancel)
    {
        var (sources, built) = (Path.Combine(scratch, "sources"), Path.Combine(scratch, "dkms"));
        Directory.CreateDirectory(built);
        await Shell.RunAsync(Path.Combine(s_module, "prepare.sh"), [variant.Release, Path.Combine(sources, "uio-dmabuf-1")], cancel);
        await Shell.RunAsync(
            Dkms,
            [
                "build", "-m", "uio-dmabuf", "-v", "1", "-k", kernel, "--kernelsourcedir", $"/usr/src/linux-headers-{kernel}",
                "--sourcetree", sources, "--dkmstree", built,
            ], cancel, environment: s_unsigned);
        return Directory.GetFiles(built, "uio.ko", SearchOption.AllDirectories).Single();
    }
}
