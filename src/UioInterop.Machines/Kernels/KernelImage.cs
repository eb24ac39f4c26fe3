using IODirectory = System.IO.Directory;

namespace UioInterop.Machines.Kernels;

/// <summary>A finished kernel in the cache: the one place that knows what its folder looks like.</summary>
public sealed record KernelImage
{
    private const string ModuleList = "modules";
    private const string SelftestFolder = "selftests";

    private KernelImage(string directory)
    {
        Directory = directory;
        Image = In("image");
    }

    /// <summary>The folder that it is kept in.</summary>
    public string Directory { get; }

    /// <summary>The file that QEMU is given.</summary>
    public string Image { get; private init; }

    /// <summary>A kernel of the user's own, which loads no modules.</summary>
    public static KernelImage Of(string image) => new(Path.GetDirectoryName(image)!) { Image = image, IsOwn = true };

    private bool IsOwn { get; init; }

    /// <summary>The file that it was configured by.</summary>
    public string Configuration => In("config");

    /// <summary>The modules the variant loads, in the order in which they can be loaded.</summary>
    public IReadOnlyList<string> Modules => IsOwn ? [] : [.. File.ReadAllLines(In(ModuleList)).Select(In)];

    /// <summary>The tests that come with its source, as programs: of each build those in its folder.</summary>
    public IReadOnlyList<(string Build, string Program)> Selftests =>
    [
        .. IODirectory.GetFiles(In(SelftestFolder), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(program => (Path.GetFileName(Path.GetDirectoryName(program))!, program)),
    ];

    private string In(string name) => Path.Combine(Directory, name);

    /// <summary>The kernel that is kept in a folder; null when there is none.</summary>
    internal static KernelImage? Find(string directory) => IODirectory.Exists(directory) ? new KernelImage(directory) : null;

    /// <summary>Keeps copies of a kernel's parts. Whoever sees the folder sees all of it.</summary>
    internal static KernelImage Keep(string directory, KernelParts parts)
    {
        var unfinished = new KernelImage($"{directory}.unfinished");
        Scratch(unfinished.Directory);
        File.Copy(parts.Image, unfinished.Image);
        File.Copy(parts.Configuration, unfinished.Configuration);
        unfinished.CopyInto("", parts.Modules);
        File.WriteAllLines(unfinished.In(ModuleList), parts.Modules.Select(Path.GetFileName)!);
        IODirectory.CreateDirectory(unfinished.In(SelftestFolder));
        foreach (var build in parts.Selftests.GroupBy(test => test.Build, test => test.Program))
            unfinished.CopyInto(Path.Combine(SelftestFolder, build.Key), build);
        IODirectory.Move(unfinished.Directory, directory);
        return new KernelImage(directory);
    }

    /// <summary>An empty folder, whatever was there.</summary>
    internal static string Scratch(string directory)
    {
        if (IODirectory.Exists(directory))
            IODirectory.Delete(directory, recursive: true);
        return IODirectory.CreateDirectory(directory).FullName;
    }

    private void CopyInto(string folder, IEnumerable<string> files)
    {
        IODirectory.CreateDirectory(In(folder));
        foreach (var file in files)
            File.Copy(file, Path.Combine(In(folder), Path.GetFileName(file)));
    }
}

/// <summary>What a kernel is made of, where its build left it.</summary>
internal sealed record KernelParts(
    string Image, string Configuration, IReadOnlyList<string> Modules, IReadOnlyList<(string Build, string Program)> Selftests);
