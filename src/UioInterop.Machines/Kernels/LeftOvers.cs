using UioInterop.Machines.Host;

namespace UioInterop.Machines.Kernels;

/// <summary>
/// What lies in the cache and no machine of this version takes: kernels of other patches, sources or compilers, the trees that they
/// were built in, and what another version of the tool has made. Each could be made again.
/// </summary>
internal sealed record LeftOver(string Path, long Size)
{
    // What a hash of a source or of a kernel looks like.
    private const string HashPattern = "????????????????";

    /// <summary>All of them.</summary>
    /// <exception cref="MachineException">The source of the default release is not there, so nobody can tell.</exception>
    public static async Task<IReadOnlyList<LeftOver>> FindAsync(CancellationToken cancel = default)
    {
        var (kernels, trees) = (new HashSet<string>(), new HashSet<string>());
        await AddAsync(MachineList.X64.Kernel);
        foreach (var variant in MachineList.All.Select(machine => machine.Kernel).DistinctBy(variant => variant.ToString()))
            try
            {
                await AddAsync(variant);
            }
            catch (MachineException)
            {
                // Without its source or its compiler, its kernel is not found either.
            }
        return
        [
            .. In("kernels", HashPattern).Where(path => !kernels.Contains(path))
                .Concat(In("source", HashPattern).Concat(In("build", "*")).Where(path => !trees.Any(path.Contains)))
                .Concat(Content.IsPackaged ? In("machines", "*").Where(path => path != Artifacts.Root) : [])
                .Select(path => new LeftOver(path, SizeOf(path))),
        ];

        async Task AddAsync(KernelVariant variant)
        {
            var (home, tree) = await KernelBuilder.PlacesAsync(variant, cancel);
            kernels.Add(home);
            trees.Add(tree);
        }
    }

    /// <summary>Removes them, while nobody builds a kernel.</summary>
    public static async Task RemoveAsync(IEnumerable<LeftOver> leftOvers, CancellationToken cancel = default)
    {
        using var held = await Cache.LockAsync(cancel);
        foreach (var path in leftOvers.Select(each => each.Path))
            if (Directory.Exists(path))
                Directory.Delete(path, recursive: true);
            else
                File.Delete(path);
    }

    private static IEnumerable<string> In(string folder, string pattern) => Directory.Exists(Cache.At(folder))
        ? Directory.GetFileSystemEntries(Cache.At(folder), pattern).Order(StringComparer.Ordinal) : [];

    private static long SizeOf(string path) => File.Exists(path)
        ? new FileInfo(path).Length
        : new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
}
