using CliWrap;
using CliWrap.Buffered;
using UioInterop.Machines.Host;
using UioInterop.Machines.Kernels;

namespace UioInterop.Machines.Guests;

/// <summary>
/// The file system of a machine for somebody's own program, in two archives, one behind the other as the kernel takes them:
/// what is the same for all programs, which is kept, and the program.
/// </summary>
public static class ProgramInitramfs
{
    private static string Folder => Directory.CreateDirectory(Artifacts.At("run")).FullName;

    /// <summary>The caller deletes it.</summary>
    public static async Task<Initramfs> BuildAsync(
        Machine machine, UserProgram program, IReadOnlyList<string> arguments, KernelImage kernel, CancellationToken cancel)
    {
        var common = await CommonAsync(machine.Architecture, program.NeedsFramework, cancel);
        var runner = program.IsTests ? await GuestProject.UserTestRunner.PublishAsync(machine.Architecture, cancel) : null;
        string[] command = [.. runner is null ? [] : new[] { $"/runner/{GuestProject.UserTestRunner.Name}" }, $"/app/{program.File}"];
        // A second command may boot the same machine.
        var path = Path.Combine(Folder, $"{machine.Name}-{Guid.NewGuid():N}.cpio");
        await using (var stream = File.Create(path))
        {
            await using (var first = File.OpenRead(common))
                await first.CopyToAsync(stream, cancel);
            using var archive = new CpioWriter(stream);
            archive.AddText("init.argv", string.Concat(command.Concat(arguments).Select(argument => argument + "\n")));
            Initramfs.AddModules(archive, kernel, machine.Kernel.ModuleParameters);
            AddFolder(archive, "app", program.Folder);
            if (runner is not null)
                AddFolder(archive, "runner", runner);
        }
        return new Initramfs(path, new FileInfo(path).Length);
    }

    private static void AddFolder(CpioWriter archive, string name, string folder)
    {
        foreach (var file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            archive.AddFile(Path.Combine(name, Path.GetRelativePath(folder, file)), file, executable: true);
    }

    private static async Task<string> CommonAsync(Architecture architecture, bool withFramework, CancellationToken cancel)
    {
        using var turn = await Artifacts.LockAsync("run-initramfs", cancel);
        var init = await InitProgram.EnsureAsync(architecture, cancel);
        var key = Fingerprint.OfText(
            Fingerprint.OfFiles(architecture.LibraryDirectories.Select(folder => Path.Combine(folder, "libc.so.6"))),
            Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(init, cancel))),
            Environment.Version.ToString());
        var path = Path.Combine(Folder, $"{architecture}-{(withFramework ? "framework" : "libraries")}-{key}.cpio");
        if (File.Exists(path))
            return path;
        var framework = withFramework ? RuntimeFiles.AllIn(await PublishEmptyAsync(architecture, cancel)) : [];
        var staging = $"{path}.{Guid.NewGuid():N}";
        await using (var stream = File.Create(staging))
        using (var archive = new CpioWriter(stream))
        {
            archive.AddCharacterDevice("dev/console", 5, 1);
            archive.AddFile("init", init, executable: true);
            Initramfs.AddEtc(archive);
            Initramfs.AddLibraries(archive, architecture);
            if (withFramework)
                SharedFramework.Add(archive, architecture, framework);
        }
        File.Move(staging, path, overwrite: true);
        return path;
    }

    // A program that does nothing brings the framework for another processor along.
    private static async Task<string> PublishEmptyAsync(Architecture architecture, CancellationToken cancel)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Folder, "empty")).FullName;
        var output = Path.Combine(folder, "out", architecture.RuntimeIdentifier);
        await File.WriteAllTextAsync(Path.Combine(folder, "empty.cs"), "return;\n", cancel);
        var result = await Cli.Wrap("dotnet")
            .WithArguments([
                "publish", Path.Combine(folder, "empty.cs"), "-r", architecture.RuntimeIdentifier, "--self-contained",
                    "-p:PublishAot=false",
                "-o", output, "-nologo", "-v", "quiet"])
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancel);
        return result.IsSuccess
            ? output
            : throw new MachineException($"The .NET runtime for {architecture.RuntimeIdentifier} cannot be "
                + $"had:\n{result.StandardOutput}{result.StandardError}");
    }
}
