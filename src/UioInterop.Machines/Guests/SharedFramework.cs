using System.Text.Json.Nodes;

namespace UioInterop.Machines.Guests;

/// <summary>
/// A .NET runtime at the place where distributions install one. Its files are those that a self-contained program brings:
/// there is no archive of it for another processor on the machine.
/// </summary>
internal static class SharedFramework
{
    private const string Root = "usr/share/dotnet";
    private const string Name = "Microsoft.NETCore.App";
    private const string HostResolver = "libhostfxr.so";

    /// <summary>What of it a project needs.</summary>
    public static async Task AddAsync(
        CpioWriter archive, GuestProject project, Architecture architecture, CancellationToken cancel)
    {
        var source = await (project with { Compilation = Compilation.Jit }).PublishAsync(architecture, cancel);
        var own = await project.PublishAsync(architecture, cancel);
        Add(archive, architecture, RuntimeFiles.NeededIn(source)
            .Where(file => !File.Exists(Path.Combine(own, Path.GetRelativePath(source, file)))));
    }

    public static void Add(CpioWriter archive, Architecture architecture, IEnumerable<string> from)
    {
        var version = Environment.Version.ToString();
        var folder = $"{Root}/shared/{Name}/{version}";
        var files = from.ToArray();
        foreach (var file in files)
            archive.AddFile(
                Path.GetFileName(file) == HostResolver ? $"{Root}/host/fxr/{version}/{HostResolver}" : $"{folder}/{Path.GetFileName(file)}",
                file, executable: true);
        archive.AddText($"{folder}/{Name}.deps.json", Manifest(files, version, architecture));
    }

    // The host takes a folder for a framework when it has this, and uses what is listed in it.
    private static string Manifest(IReadOnlyCollection<string> files, string version, Architecture architecture)
    {
        var target = $".NETCoreApp,Version=v{Environment.Version.Major}.{Environment.Version.Minor}/{architecture.RuntimeIdentifier}";
        var library = $"{Name}/{version}";
        var managed = new JsonObject();
        var native = new JsonObject();
        foreach (var file in files.Select(path => Path.GetFileName(path)).Where(name => name != HostResolver))
            (Path.GetExtension(file) == ".dll" ? managed : native).Add(file, new JsonObject());
        return new JsonObject
        {
            ["runtimeTarget"] = new JsonObject { ["name"] = target },
            ["targets"] = new JsonObject
            {
                [target] = new JsonObject { [library] = new JsonObject { ["runtime"] = managed, ["native"] = native } },
            },
            ["libraries"] = new JsonObject
            {
                [library] = new JsonObject { ["type"] = "package", ["serviceable"] = false, ["sha512"] = "" },
            },
        }.ToJsonString();
    }
}
