using CliWrap;
using CliWrap.Buffered;
using NUnit.Framework;
using UioInterop.Harness.Running;
using UioInterop.Machines.Host;
using UioInterop.Machines.Kernels;

namespace UioInterop.HostTests;

/// <summary>The files of a small Debian 12 with udev and DKMS, to install packages in. Debootstrap makes them once.</summary>
internal sealed class DebianRoot : IDisposable
{
    private const string Mirror = "http://deb.debian.org/debian";
    private static readonly string s_kept = Cache.At("debian", "bookworm.tar");

    private readonly ScratchFolder _folder = new();

    public string Path => _folder.PathOf("root");

    /// <summary>Ignores the test where there is no debootstrap, or nobody who may use it.</summary>
    public static async Task<DebianRoot> CreateAsync()
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Ignore("debootstrap and chroot take root");
        if (!File.Exists("/usr/sbin/debootstrap"))
            Assert.Ignore("debootstrap is not installed: apt-get install debootstrap");

        var root = new DebianRoot();
        using (await FileLock.TakeAsync($"{s_kept}.lock", MachineRuns.Cancel))
            if (!File.Exists(s_kept))
                await MakeAsync();
        Directory.CreateDirectory(root.Path);
        await ScratchFolder.RunIn(root.Path, "tar", ["-xf", s_kept]);
        return root;
    }

    private static async Task MakeAsync()
    {
        using var made = new ScratchFolder();
        await made.RunAsync("debootstrap", ["--variant=minbase", "--include=dkms,udev", "bookworm", made.PathOf("root"), Mirror]);
        await made.RunAsync("chroot", ["root", "apt-get", "clean"]);
        await made.RunAsync("tar", ["-cf", $"{s_kept}.new", "-C", "root", "."]);
        File.Move($"{s_kept}.new", s_kept);
    }

    /// <summary>What a command in it said, with the kernel's files in it as long as it runs; the test fails when it fails.</summary>
    public Task<string> RunAsync(string program, params IEnumerable<string> arguments) =>
        ScratchFolder.RunIn(Path, "unshare", ["--mount", "sh", "-ec",
            "mount --rbind /proc proc; mount --rbind /sys sys; exec chroot . \"$@\"", "sh", program, .. arguments]);

    /// <summary>Every path in it but dpkg's and the logs' own, and the copies of /etc/group and its like.</summary>
    public async Task<string[]> PathsAsync() =>
        (await RunAsync("find", "/", "-xdev", "-path", "/var/lib/dpkg", "-prune", "-o", "-path", "/var/log", "-prune",
            "-o", "-path", "/etc/*-", "-prune", "-o", "-print")).Split('\n');

    public void Dispose() => _folder.Dispose();
}
