using UioInterop.Machines.Host;
using UioInterop.Machines.Kernels;

namespace UioInterop.Machines.Guests;

/// <summary>A static shell: Debian's, for any processor, fetched once.</summary>
internal static class Busybox
{
    private const string Package = "busybox-static";
    private const string Suite = "bookworm";

    private static readonly string s_fetch = Content.At("src", "UioInterop.Machines", "Guests", "fetch-package.sh");

    /// <summary>The shell as a program, fetched when it is not there.</summary>
    /// <exception cref="MachineException">It cannot be fetched: there is no network, or no apt.</exception>
    public static async Task<UserProgram> EnsureAsync(Architecture architecture, CancellationToken cancel = default)
    {
        var folder = Artifacts.At("busybox", architecture.Name);
        using var turn = await Artifacts.LockAsync("busybox", cancel);
        if (!File.Exists(Path.Combine(folder, "busybox")))
            await FetchAsync(architecture, folder, cancel);
        return new UserProgram(folder, "busybox", NeedsFramework: false);
    }

    private static async Task FetchAsync(Architecture architecture, string folder, CancellationToken cancel)
    {
        await Console.Error.WriteLineAsync($"Fetching Debian's {Package} for {architecture}, once.");
        var scratch = KernelImage.Scratch($"{folder}.new");
        // A package's files have lost the right to be started.
        await Shell.RunAsync("bash", [s_fetch, Suite, architecture.DebianName, Package, scratch], cancel);
        await Shell.RunAsync("dpkg-deb", ["--extract", Directory.GetFiles(scratch, "*.deb").Single(), scratch], cancel);
        Directory.CreateDirectory(folder);
        File.Move(Path.Combine(scratch, "bin", "busybox"), Path.Combine(folder, "busybox"));
        Directory.Delete(scratch, recursive: true);
    }
}
