using UioInterop.Machines.Host;
using UioInterop.Machines.Kernels;
using UioInterop.Machines.Running;

namespace UioInterop.Machines.Guests;

/// <summary>The guest's whole file system: init, one program with its runtime, and the C library.</summary>
public sealed record Initramfs(string Path, long Size)
{
    private static readonly string[] s_libraries =
    [
        "libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libgcc_s.so.1", "libstdc++.so.6",
        "libz.so.1",
    ];

    /// <summary>Puts it together.</summary>
    /// <param name="machine">Which machine gets it.</param>
    /// <param name="project">The program.</param>
    /// <param name="kernel">The kernel, for its modules.</param>
    /// <param name="others">Programs that the program runs.</param>
    /// <param name="cancel">Gives up.</param>
    internal static async Task<Initramfs> BuildAsync(
        Machine machine, GuestProject project, KernelImage kernel, IReadOnlyList<GuestFile> others, CancellationToken cancel)
    {
        var program = await project.PublishAsync(machine.Architecture, cancel);
        var init = await InitProgram.EnsureAsync(machine.Architecture, cancel);
        using var time = Phases.Measure(Phases.Initramfs);
        var directory = Directory.CreateDirectory(Artifacts.At("initramfs")).FullName;
        var path = System.IO.Path.Combine(directory, $"{machine.Name}-{project.Name}-{project.Compilation}.cpio");
        // A machine can be on its way twice: with the guest tests, and for a test of the host's.
        var staging = $"{path}.{Guid.NewGuid():N}";
        await using (var stream = File.Create(staging))
        using (var archive = new CpioWriter(stream))
        {
            archive.AddCharacterDevice("dev/console", 5, 1);
            archive.AddFile("init", init, executable: true);
            archive.AddText("init.argv", $"/app/{project.Name}\n");
            AddEtc(archive);
            AddModules(archive, kernel, machine.Kernel.ModuleParameters);
            AddLibraries(archive, machine.Architecture);
            AddProgram(archive, program);
            if (!project.Compilation.IsSelfContained)
                await SharedFramework.AddAsync(archive, project, machine.Architecture, cancel);
            foreach (var (place, source) in others)
                archive.AddFile(place, source, executable: true);
        }
        File.Move(staging, path, overwrite: true);
        return new Initramfs(path, new FileInfo(path).Length);
    }

    // .NET asks for the user's name, and throws when nobody knows it.
    internal static void AddEtc(CpioWriter archive)
    {
        archive.AddText("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n");
        archive.AddText("etc/group", "root:x:0:\nnogroup:x:65534:\n");
        archive.AddDirectory("root");
    }

    internal static void AddModules(CpioWriter archive, KernelImage kernel, IReadOnlyDictionary<string, string> parameters)
    {
        var names = kernel.Modules.Select(System.IO.Path.GetFileName).ToArray();
        foreach (var (name, source) in names.Zip(kernel.Modules))
            archive.AddFile($"lib/modules/{name}", source, executable: false);
        if (names.Length > 0)
            archive.AddText("lib/modules.list", string.Concat(names.Select(
                name => $"/lib/modules/{name} {parameters.GetValueOrDefault(System.IO.Path.GetFileNameWithoutExtension(name)!, "")}\n")));
    }

    internal static void AddLibraries(CpioWriter archive, Architecture architecture)
    {
        var loader = System.IO.Path.GetFileName(architecture.Loader);
        archive.AddFile(
            architecture.Loader.TrimStart('/'),
            Find(architecture, loader) ?? throw new MachineException(
                $"There is no C library for {architecture} on this machine: {loader} is in none of "
                + $"{string.Join(", ", architecture.LibraryDirectories)}."),
            executable: true);
        foreach (var name in s_libraries)
            if (Find(architecture, name) is { } source)
                archive.AddFile($"{architecture.GuestLibraryDirectory.TrimStart('/')}/{name}", source, executable: true);
    }

    private static string? Find(Architecture architecture, string name) => architecture.LibraryDirectories
        .Select(directory => System.IO.Path.Combine(directory, name))
        .FirstOrDefault(File.Exists);

    private static void AddProgram(CpioWriter archive, string directory)
    {
        foreach (var file in RuntimeFiles.NeededIn(directory))
            archive.AddFile(
                System.IO.Path.Combine("app", System.IO.Path.GetRelativePath(directory, file)), file, executable: true);
    }
}

/// <summary>A program for a guest.</summary>
/// <param name="Place">Where the guest has it, without a slash at the beginning.</param>
/// <param name="Source">Where it is on the host.</param>
internal sealed record GuestFile(string Place, string Source);
