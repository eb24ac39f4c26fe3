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
        if (!Directory.Exists(home))
            await MakeAsync(home, progress, cancel);
        var modules = await File.ReadAllLinesAsync(Path.Combine(home, "modules"), cancel);
        return new KernelImage(
            home, Path.Combine(home, "vmlinuz"), Path.Combine(home, "config"),
            [.. modules.Select(name => Path.Combine(home, name))], Selftests: []);
    }

    public async Task<bool> IsBuiltAsync(CancellationToken cancel) => Directory.Exists(await HomeAsync(cancel));

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

    private async Task MakeAsync(string home, IProgress<BuildProgress> progress, CancellationToken cancel)
    {
        using var held = await KernelCache.LockAsync(cancel);
        if (Directory.Exists(home))
            return;
        var name = await NameAsync(cancel);
        var staging = $"{home}.unfinished";
        if (Directory.Exists(staging))
            Directory.Delete(staging, recursive: true);
        var package = Directory.CreateDirectory(Path.Combine(staging, "package")).FullName;
        progress.Report(new BuildProgress("fetching the kernel's package"));
        // Unpacked and not installed: this machine keeps the kernel it has.
        await Shell.RunAsync("apt-get", ["download", "-qq", "-o", "APT::Sandbox::User=root", $"linux-image-{name}"], cancel, staging);
        await Shell.RunAsync("dpkg-deb", ["-x", Directory.GetFiles(staging, "*.deb").Single(), package], cancel);
        progress.Report(new BuildProgress("compiling uio.ko"));
        var source = Path.Combine(staging, "uio");
        await Shell.RunAsync(Path.Combine(s_module, "prepare.sh"), [variant.Release, source], cancel);
        await Shell.RunAsync("make", ["-C", source, $"KERNEL_BUILD=/usr/src/linux-headers-{name}"], cancel);

        File.Copy(Path.Combine(package, "boot", $"vmlinuz-{name}"), Path.Combine(staging, "vmlinuz"));
        File.Copy(Path.Combine(package, "boot", $"config-{name}"), Path.Combine(staging, "config"));
        var stock = Path.Combine(package, "lib", "modules", name);
        var modules = ModuleOrder.Resolve(stock, variant.Modules)
            .Select(path => Path.GetFileName(path) == "uio.ko" ? Path.Combine(source, "uio.ko") : Path.Combine(stock, path)).ToArray();
        foreach (var module in modules)
            File.Copy(module, Path.Combine(staging, Path.GetFileName(module)));
        await File.WriteAllLinesAsync(Path.Combine(staging, "modules"), modules.Select(Path.GetFileName)!, cancel);
        Directory.Delete(package, recursive: true);
        Directory.Move(staging, home);
    }
}
