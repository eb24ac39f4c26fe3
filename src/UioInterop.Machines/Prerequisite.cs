using UioInterop.Machines.Kernels;

namespace UioInterop.Machines;

/// <summary>What this host must have, and the Debian package that brings it. build.sh installs the same packages.</summary>
public sealed record Prerequisite(string File, string Package)
{
    private static readonly Prerequisite[] s_toBuild =
    [
        new("gcc", "gcc"), new("/usr/include/stdio.h", "libc6-dev"), new("make", "make"), new("git", "git"), new("flex", "flex"),
            new("bison", "bison"),
        new("bc", "bc"), new("xz", "xz-utils"), new("perl", "perl"), new("/usr/include/libelf.h", "libelf-dev"),
        new("/usr/include/openssl/ssl.h", "libssl-dev"),
    ];

    private static readonly Dictionary<string, Prerequisite[]> s_perMachine = new()
    {
        ["qemu-system-x86_64"] = [new("qemu-system-x86_64", "qemu-system-x86")],
        ["qemu-system-aarch64"] =
        [
            new("qemu-system-aarch64", "qemu-system-arm"), new("dtc", "device-tree-compiler"),
            new("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"),
            new("/usr/aarch64-linux-gnu/include/stdio.h", "libc6-dev-arm64-cross"),
            new("/usr/aarch64-linux-gnu/lib/libgcc_s.so.1", "libgcc-s1-arm64-cross"),
            new("/usr/aarch64-linux-gnu/lib/libstdc++.so.6", "libstdc++6-arm64-cross"),
            new("arm-linux-gnueabihf-gcc", "gcc-arm-linux-gnueabihf"),
            new("/usr/arm-linux-gnueabihf/include/stdio.h", "libc6-dev-armhf-cross"),
        ],
    };

    /// <summary>What it takes to build the kernels of these machines and to boot them.</summary>
    public static IEnumerable<Prerequisite> For(params IEnumerable<Machine> machines) =>
    [
        .. s_toBuild,
        .. machines.Select(machine => machine.Kernel.Release).Distinct()
            .Where(release => release != KernelSource.DefaultRelease || KernelSource.OwnTree is null)
            .Select(release => new Prerequisite(KernelSource.TarballOf(release), KernelSource.PackageOf(release))),
        .. machines.Select(machine => machine.Kernel).Where(kernel => kernel.Distribution is not null)
            .Select(DistributionKernel.HeadersOf).Distinct()
            .SelectMany(headers => new Prerequisite[] { new($"/usr/share/doc/{headers}/copyright", headers),
                new(DistributionKernel.Dkms, "dkms") }),
        .. machines.Select(machine => machine.QemuBinary).Distinct()
            .SelectMany(qemu => s_perMachine.GetValueOrDefault(qemu) ?? [new(qemu, qemu)]),
    ];

    /// <summary>Throws with the names of everything that is missing, before anything long begins.</summary>
    public static void Require(params IEnumerable<Machine> machines)
    {
        var missing = For(machines).Where(each => !each.IsThere).ToArray();
        if (missing.Length > 0)
            throw new MachineException(
                $"Missing: {string.Join(", ", missing.Select(each => each.File))}.\n"
                + $"Install with: apt-get install {string.Join(' ', missing.Select(each => each.Package))}");
    }

    /// <summary>Whether this host has it.</summary>
    public bool IsThere => Path.IsPathRooted(File) ? System.IO.File.Exists(File) : OnPath().Any(System.IO.File.Exists);

    private IEnumerable<string> OnPath() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(directory => Path.Combine(directory, File));
}
