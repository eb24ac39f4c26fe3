using CliWrap;
using CliWrap.Buffered;
using UioInterop.Machines.Host;

namespace UioInterop.Machines.Guests;

/// <summary>
/// A program of somebody's own, ready for a machine: a folder, and the file in it that is started. Or NUnit tests, and the file is
/// their assembly.
/// </summary>
/// <param name="Folder">All that the guest gets of it.</param>
/// <param name="File">The file's name.</param>
/// <param name="NeedsFramework">Whether it takes a .NET runtime that the guest has.</param>
public sealed record UserProgram(string Folder, string File, bool NeedsFramework)
{
    private const string RuntimeConfiguration = ".runtimeconfig.json";
    private const string Dependencies = ".deps.json";

    /// <summary>Whether it is an assembly of NUnit tests.</summary>
    public bool IsTests { get; private init; }

    /// <summary>
    /// Publishes a C# file or a project; takes a published folder or an executable as it is.
    /// </summary>
    /// <param name="path">One of the four.</param>
    /// <param name="architecture">The machine's.</param>
    /// <param name="ahead">Whether it is compiled ahead, to a program without a runtime.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="MachineException">It is none of the four, does not compile, or is for another processor.</exception>
    public static async Task<UserProgram> PrepareAsync(string path, Architecture architecture, bool ahead, CancellationToken cancel)
    {
        if (Path.GetExtension(path) is ".cs" or ".csproj" && System.IO.File.Exists(path))
            return await PublishAsync(path, architecture, ahead, cancel);
        if (Directory.Exists(path) && Directory.GetFiles(path, "*.csproj") is [var project])
            return await PublishAsync(project, architecture, ahead, cancel);
        if (Directory.Exists(path))
            return InFolder(path, Path.GetFileName(path.TrimEnd('/')), architecture);
        if (System.IO.File.Exists(path))
            return new UserProgram(CopyOf(Checked(path, architecture)), Path.GetFileName(path), NeedsFramework: false);
        throw new MachineException($"There is no {path}. A program is a C# file, a project, a published folder or an executable.");
    }

    private static async Task<UserProgram> PublishAsync(string path, Architecture architecture, bool ahead, CancellationToken cancel)
    {
        if (ahead && await HasTestsAsync(path, cancel))
            throw new MachineException($"{path} has NUnit tests, which are found at run time: leave --aot out.");
        var compilation = ahead ? Compilation.NativeAot : Compilation.FrameworkDependent;
        var output = Path.Combine(HomeOf(path), $"{architecture.RuntimeIdentifier}-{compilation}");
        // Programs share the objects of the library.
        using var turn = await Artifacts.LockAsync("user-programs", cancel);
        if (Directory.Exists(output))
            Directory.Delete(output, recursive: true);
        var result = await Cli.Wrap("dotnet")
            .WithArguments([
                "publish", path, "-c", "Release", "-r", architecture.RuntimeIdentifier, "-o", output, "-nologo", "-v", "quiet",
                // A single file would be compiled ahead by default, which takes ten times as long.
                .. ahead ? compilation.PublishOptions(architecture) : ["--no-self-contained", "-p:PublishAot=false"],
                // Our rules for our code are none for theirs.
                "-p:TreatWarningsAsErrors=false"])
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancel);
        if (!result.IsSuccess)
            throw new MachineException($"{path} cannot be published for "
                + $"{architecture.RuntimeIdentifier}:\n{result.StandardOutput}{result.StandardError}".TrimEnd());
        return InFolder(output, Path.GetFileNameWithoutExtension(path), architecture);
    }

    // Compiled ahead, they would be a program that does nothing.
    private static async Task<bool> HasTestsAsync(string path, CancellationToken cancel)
    {
        var result = await Cli.Wrap("dotnet").WithArguments(["build", path, "-nologo", "-getItem:PackageReference"])
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancel);
        return result.StandardOutput.Contains("\"Identity\": \"NUnit\"", StringComparison.OrdinalIgnoreCase);
    }

    private static UserProgram InFolder(string folder, string name, Architecture architecture)
    {
        if (System.IO.File.Exists(Path.Combine(folder, "nunit.framework.dll")))
            return new UserProgram(folder, TestsIn(folder, name), NeedsFramework: true) { IsTests = true };
        var configurations = Directory.GetFiles(folder, "*" + RuntimeConfiguration);
        if (configurations.Length > 1)
            throw new MachineException($"{folder} has several programs: {string.Join(", ", configurations.Select(Path.GetFileName))}.");
        var file = configurations is [var configuration] ? Path.GetFileName(configuration)[..^RuntimeConfiguration.Length] : name;
        Checked(Path.Combine(folder, file), architecture);
        var needsFramework = configurations.Length == 1
            && !System.IO.File.ReadAllText(configurations[0]).Contains("\"includedFrameworks\"", StringComparison.Ordinal);
        return new UserProgram(folder, file, needsFramework);
    }

    private static string TestsIn(string folder, string name)
    {
        string[] assemblies =
            [.. Directory.GetFiles(folder, "*" + Dependencies).Select(path => Path.GetFileName(path)[..^Dependencies.Length])];
        return (assemblies.Contains(name), assemblies) switch
        {
            (true, _) => name + ".dll",
            (false, [var only]) => only + ".dll",
            _ => throw new MachineException($"Which assembly of {folder} has the tests? It should have one {Dependencies}, "
                + $"and has {assemblies.Length}: {string.Join(", ", assemblies)}."),
        };
    }

    private static string Checked(string program, Architecture architecture) =>
        System.IO.File.Exists(program) && IsFor(program, architecture)
            ? program
            : throw new MachineException(
                $"{program} is no program for {architecture}. Publish it: dotnet publish -r "
                    + $"{architecture.RuntimeIdentifier} --no-self-contained");

    // elf(5): the magic number, and e_machine. A script is for any processor.
    private static bool IsFor(string program, Architecture architecture)
    {
        Span<byte> head = stackalloc byte[20];
        using var file = System.IO.File.OpenRead(program);
        var count = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        return head.StartsWith("#!"u8)
            || (count == head.Length && head.StartsWith("\u007fELF"u8)
                && architecture.ElfMachines.Contains(BitConverter.ToUInt16(head[18..])));
    }

    private static string CopyOf(string path)
    {
        var folder = Path.Combine(HomeOf(path), "executable");
        Directory.CreateDirectory(folder);
        System.IO.File.Copy(path, Path.Combine(folder, Path.GetFileName(path)), overwrite: true);
        return folder;
    }

    private static string HomeOf(string path) => Artifacts.At(
        "run", $"{Path.GetFileNameWithoutExtension(path)}-{Fingerprint.OfText(Path.GetFullPath(path))}");
}
