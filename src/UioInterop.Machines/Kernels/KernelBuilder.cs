using System.Globalization;
using UioInterop.Machines.Host;

namespace UioInterop.Machines.Kernels;

/// <summary>
/// Makes kernels, and keeps them under a hash of everything they are made from: source version, patches,
/// configuration, compiler.
/// </summary>
public static class KernelBuilder
{
    private static readonly IProgress<BuildProgress> s_silent = new SilentProgress();

    /// <summary>The finished kernel, from the cache or built now.</summary>
    public static async Task<KernelImage> EnsureAsync(
        KernelVariant variant, IProgress<BuildProgress>? progress = null, CancellationToken cancel = default)
    {
        if (variant.Distribution is not null)
            return await new DistributionKernel(variant).EnsureAsync(progress ?? s_silent, cancel);
        var source = await KernelSource.FindAsync(variant.Release, cancel);
        var home = Cache.At("kernels", await HashAsync(source, variant, Patch.For(variant), cancel));
        return KernelImage.Find(home) ?? await BuildAsync(source, variant, home, progress ?? s_silent, cancel);
    }

    /// <summary>Whether <see cref="EnsureAsync"/> would return at once.</summary>
    public static async Task<bool> IsBuiltAsync(KernelVariant variant, CancellationToken cancel = default) =>
        variant.Distribution is not null
            ? await new DistributionKernel(variant).IsBuiltAsync(cancel)
            : KernelImage.Find(Cache.At("kernels", await FingerprintAsync(variant, Patch.For(variant), cancel))) is not null;

    /// <summary>Where its kernel is kept, and the name of the tree that it is built in.</summary>
    internal static async Task<(string Kernel, string Tree)> PlacesAsync(KernelVariant variant, CancellationToken cancel)
    {
        if (variant.Distribution is not null)
            return await new DistributionKernel(variant).PlacesAsync(cancel);
        var source = await KernelSource.FindAsync(variant.Release, cancel);
        return (Cache.At("kernels", await HashAsync(source, variant, Patch.For(variant), cancel)), new PatchedSource(source).Key);
    }

    /// <summary>
    /// Patched source and an object directory configured as the variant, for checks that look at the source or
    /// compile parts of it. Other builds wait until it is disposed.
    /// </summary>
    /// <param name="variant">What to configure.</param>
    /// <param name="patches">A part of the series; null for all of it.</param>
    /// <param name="cancel">Gives up waiting, and stops what runs.</param>
    internal static async Task<KernelTree> OpenTreeAsync(
        KernelVariant variant, IReadOnlyList<Patch>? patches = null, CancellationToken cancel = default)
    {
        var source = await KernelSource.FindAsync(variant.Release, cancel);
        return await OpenTreeAsync(source, variant, patches ?? Patch.For(variant), s_silent, cancel);
    }

    private static async Task<KernelTree> OpenTreeAsync(
        KernelSource source, KernelVariant variant, IReadOnlyList<Patch> patches, IProgress<BuildProgress> progress,
        CancellationToken cancel)
    {
        var held = await Cache.LockAsync(cancel);
        try
        {
            return await KernelTree.OpenAsync(source, patches, variant, held, progress, cancel);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static async Task<KernelImage> BuildAsync(
        KernelSource source, KernelVariant variant, string home, IProgress<BuildProgress> progress,
        CancellationToken cancel)
    {
        progress.Report(new BuildProgress("preparing"));
        using var tree = await OpenTreeAsync(source, variant, Patch.For(variant), progress, cancel);
        if (KernelImage.Find(home) is { } other)
            return other;
        await tree.BuildAsync(NewLog(variant), cancel);
        progress.Report(new BuildProgress("storing"));
        string Built(string path) => Path.Combine(tree.ObjectDirectory, path);
        return KernelImage.Keep(home, new KernelParts(
            Built(variant.Architecture.KernelImage), Built(".config"),
            [.. ModuleOrder.Resolve(tree.ObjectDirectory, variant.Modules).Select(Built)],
            await Selftests.CompileAsync(tree, variant, cancel)));
    }

    /// <summary>A hash of all that a kernel with these patches is made from.</summary>
    internal static async Task<string> FingerprintAsync(KernelVariant variant, IReadOnlyList<Patch> patches,
        CancellationToken cancel = default) =>
        await HashAsync(await KernelSource.FindAsync(variant.Release, cancel), variant, patches, cancel);

    private static async Task<string> HashAsync(
        KernelSource source, KernelVariant variant, IReadOnlyList<Patch> patches, CancellationToken cancel)
    {
        var compiler = await Shell.RunAsync(variant.Architecture.Compiler, ["--version"], cancel);
        return Fingerprint.OfText([
            source.Identity, compiler.Split('\n')[0], variant.Architecture.KernelName,
            KernelConfiguration.For(variant, patches), .. variant.Modules, .. Selftests.MadeFrom(variant.Architecture),
            .. patches.SelectMany(patch => new[] { patch.Name, patch.Text })]);
    }

    private static string NewLog(KernelVariant variant)
    {
        var directory = Directory.CreateDirectory(Cache.At("logs")).FullName;
        var time = DateTime.Now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        return Path.Combine(directory, $"{time}-{variant.Architecture.Name}-{variant.Name}.log");
    }

    private sealed class SilentProgress : IProgress<BuildProgress>
    {
        public void Report(BuildProgress value)
        {
        }
    }
}
