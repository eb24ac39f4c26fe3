namespace UioInterop.Machines;

/// <summary>What differs between processors: names, tools, and where a guest's shared libraries come from.</summary>
public sealed record Architecture
{
    /// <summary>A PC of 64 bits.</summary>
    public static Architecture X64 { get; } = new()
    {
        Name = "x86-64",
        RuntimeIdentifier = "linux-x64",
        KernelName = "x86_64",
        DebianName = "amd64",
        CrossPrefix = "",
        // PVH lets QEMU start the ELF file itself: no bzImage to compress here and to decompress in the guest.
        KernelTarget = "vmlinux",
        KernelImage = "vmlinux",
        Loader = "/lib64/ld-linux-x86-64.so.2",
        LibraryDirectories = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu"],
        GuestLibraryDirectory = "/lib/x86_64-linux-gnu",
        ProgramBuilds = [new("x86-64", "gcc")],
        ElfMachines = [62, 3],
        ObjectEstimate = 1225,
    };

    /// <summary>An ARM processor of 64 bits.</summary>
    public static Architecture Arm64 { get; } = new()
    {
        Name = "arm64",
        RuntimeIdentifier = "linux-arm64",
        KernelName = "arm64",
        DebianName = "arm64",
        CrossPrefix = "aarch64-linux-gnu-",
        KernelTarget = "Image",
        KernelImage = "arch/arm64/boot/Image",
        Loader = "/lib/ld-linux-aarch64.so.1",
        LibraryDirectories = ["/usr/aarch64-linux-gnu/lib"],
        GuestLibraryDirectory = "/lib/aarch64-linux-gnu",
        ProgramBuilds = [new("arm64", "aarch64-linux-gnu-gcc"), new("armhf", "arm-linux-gnueabihf-gcc")],
        ElfMachines = [183, 40],
        ObjectEstimate = 1400,
    };

    /// <summary>Its name here: x86-64, arm64.</summary>
    public required string Name { get; init; }

    /// <summary>.NET's name for it: linux-x64, linux-arm64.</summary>
    public required string RuntimeIdentifier { get; init; }

    /// <summary>The kernel's name for it: ARCH=….</summary>
    public required string KernelName { get; init; }

    /// <summary>What Debian's packages for it are called.</summary>
    public required string DebianName { get; init; }

    /// <summary>What the names of the compiler's programs begin with; empty for this host's own.</summary>
    public required string CrossPrefix { get; init; }

    /// <summary>What make is asked for, to make a kernel that QEMU takes.</summary>
    public required string KernelTarget { get; init; }

    /// <summary>What QEMU is given, relative to the kernel's object directory.</summary>
    public required string KernelImage { get; init; }

    /// <summary>The dynamic loader, where programs ask for it.</summary>
    public required string Loader { get; init; }

    /// <summary>Where this host keeps the architecture's libraries.</summary>
    public required IReadOnlyList<string> LibraryDirectories { get; init; }

    /// <summary>Where a guest has its shared libraries.</summary>
    public required string GuestLibraryDirectory { get; init; }

    /// <summary>The programs that its kernel runs, those of 32 bits among them.</summary>
    public required IReadOnlyList<ProgramBuild> ProgramBuilds { get; init; }

    /// <summary>What e_machine says in the programs that its kernel runs: elf(5).</summary>
    public required IReadOnlyList<ushort> ElfMachines { get; init; }

    /// <summary>How many objects a kernel has, until a build on this host has counted them.</summary>
    public required int ObjectEstimate { get; init; }

    /// <summary>The C compiler for it on this host.</summary>
    public string Compiler => CrossPrefix + "gcc";

    /// <summary>Its name.</summary>
    public override string ToString() => Name;
}

/// <summary>A way to build programs in C.</summary>
/// <param name="Name">Its name: native/Makefile's ARCH.</param>
/// <param name="Compiler">The compiler.</param>
public sealed record ProgramBuild(string Name, string Compiler);
