using UioInterop.Harness.Machines;

namespace UioInterop.Harness.Guests;

/// <summary>
/// A .NET runtime at the place where distributions install one. Its files are those that a self-contained program brings:
/// there is no archive of it for another processor on the machine.
/// </summary>
internal static class SharedFramework
{
    private const string Root = "usr/share/dotnet";

    public static async Task AddAsync(
        CpioWriter archive, GuestProject project, Architecture architecture, CancellationToken cancel)
    {
        var source = await (project with { Compilation = Compilation.Jit }).PublishAsync(architecture, cancel);
        var own = await project.PublishAsync(architecture, cancel);
        var version = Environment.Version.ToString();
        foreach (var file in RuntimeFiles.NeededIn(source))
        {
            var name = Path.GetRelativePath(source, file);
            if (name == "libhostfxr.so")
                archive.AddFile($"{Root}/host/fxr/{version}/{name}", file, executable: true);
            else if (!File.Exists(Path.Combine(own, name)))
                archive.AddFile($"{Root}/shared/Microsoft.NETCore.App/{version}/{name}", file, executable: true);
        }
    }
}
