using UioInterop.Harness.Machines;

namespace UioInterop.Harness.Kernels;

/// <summary>
/// Debian's own kernel, not rebuilt: its package as it is, with a uio.ko made of kernel-patch/module in place of its own.
/// </summary>
internal sealed class DistributionKernel(KernelVariant variant)
{
    private static readonly string s_module = Repository.At("kernel-patch", "module");

    /// <summary>The finished kernel, from the cache or put together now.</summary>
    public async Task<KernelImage> EnsureAsync(IProgress<BuildProgress> progress, CancellationToken cancel)
    {
        var home = await HomeAsync(cancel);
        return KernelImage.Find(home) ?? await MakeAsync(home, progress, cancel);
    }

    public async Task<bool> IsBuiltAsync(CancellationToken cancel) => KernelImage.Find(await HomeAsync(cancel)) is not null;

    private async Task<string> HomeAsync(CancellationToken cancel) => KernelCache.At("kernels", Fingerprint.OfText([
        await NameAsync(cancel), .. variant.Modules,
        .. Directory.GetFiles(s_module).Order(StringComparer.Ordinal).Select(File.ReadAllText),
        .. Patch.For(variant).SelectMany(patch => new[] { patch.Name, patch.Text })]));

    /// <summary>What uname -r says on it: the headers that are installed are for one version.</summary>
    private async Task<string> NameAsync(CancellationToken cancel)
    {
        var headers = $"linux-headers-{variant.Distribution}";
        if (!File.Exists($"/usr/share/doc/{headers}/copyright"))
            throw new HarnessException($"{headers} is missing. Install it: apt-get install {headers}");
        var depends = await Shell.RunAsync("dpkg-query", ["-W", "-f", "${Depends}", headers], cancel);
        return depends.Split(' ')[0]["linux-headers-".Length..];
    }

    private async Task<KernelImage> MakeAsync(string home, IProgress<BuildProgress> progress, CancellationToken cancel)
    {
        using var held = await KernelCache.LockAsync(cancel);
        if (KernelImage.Find(home) is { } other)
            return other;
        var name = await NameAsync(cancel);
        var scratch = KernelImage.Scratch(KernelCache.At("build", $"debian-{name}"));
        var (package, source) = (Path.Combine(scratch, "package"), Path.Combine(scratch, "uio"));
        progress.Report(new BuildProgress("fetching the kernel's package"));
        // Unpacked and not installed: this machine keeps the kernel it has.
        await Shell.RunAsync("apt-get", ["download", "-qq", "-o", "APT::Sandbox::User=root", $"linux-image-{name}"], cancel, scratch);
        await Shell.RunAsync("dpkg-deb", ["-x", Directory.GetFiles(scratch, "*.deb").Single(), package], cancel);
        progress.Report(new BuildProgress("compiling uio.ko"));
        await Shell.RunAsync(Path.Combine(s_module, "prepare.sh"), [variant.Release, source], cancel);
        await Shell.RunAsync("make", ["-C", source, $"KERNEL_BUILD=/usr/src/linux-headers-{name}"], cancel);

        string Boot(string file) => Path.Combine(package, "boot", $"{file}-{name}");
        var stock = Path.Combine(package, "lib", "modules", name);
        return KernelImage.Keep(home, new KernelParts(
            Boot("vmlinuz"), Boot("config"),
            [.. ModuleOrder.Resolve(stock, variant.Modules)
                .Select(path => Path.GetFileName(path) == "uio.ko" ? Path.Combine(source, "uio.ko") : Path.Combine(stock, path))],
            Selftests: []));
    }
}
