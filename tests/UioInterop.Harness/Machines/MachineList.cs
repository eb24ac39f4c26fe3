namespace UioInterop.Harness.Machines;

/// <summary>The machines there are.</summary>
public static class MachineList
{
    // A check of the timer against the clock fails when the host is busy for a moment.
    private static readonly string[] s_emulatedClock = ["no_timer_check"];

    public static Machine X64 { get; } = new()
    {
        Name = "x86-64",
        Summary = "q35 PC, edu PCI device behind an Intel IOMMU",
        Kernel = new KernelVariant("built-in", Architecture.X64),
        QemuBinary = "qemu-system-x86_64",
        QemuArguments =
        [
            "-M", "q35,kernel-irqchip=split",
            // QEMU 7.2 reads the stack of a user-mode iretq, which .NET uses, as the kernel: SMAP would refuse that.
            "-cpu", "max,smap=off",
            "-accel", "tcg,thread=multi,tb-size=512",
            "-device", "intel-iommu,intremap=off",
            // Its default mask of 28 bits would put every buffer out of its reach.
            "-device", "edu,dma_mask=0xffffffff",
        ],
        KernelArguments = [.. s_emulatedClock, "intel_iommu=on", "iommu.strict=1"],
        Traits = ["pci", "edu", "import", "core", "coherent", "iommu"],
        ConsoleTty = "ttyS0",
        ResultTty = "ttyS1",
        KnownLines = [.. GuestProtocol.KnownLines.Everywhere, .. GuestProtocol.KnownLines.EmulatedPc],
    };

    /// <summary>No IOMMU, every transfer through a bounce buffer: a forgotten sync reads stale data.</summary>
    public static Machine X64Bounce { get; } = X64 with
    {
        Name = "x86-64-swiotlb",
        Summary = "the same PC, IOMMU off, every transfer through a bounce buffer",
        KernelArguments = [.. s_emulatedClock, "intel_iommu=off", "swiotlb=force"],
        Traits = ["pci", "edu", "import", "core", "bounce"],
    };

    /// <summary>UIO and its import as modules.</summary>
    public static Machine X64Modular { get; } = X64 with
    {
        Name = "x86-64-modular",
        Summary = "the first PC, UIO built as modules",
        Kernel = new KernelVariant("modular", Architecture.X64)
        {
            Configuration = ["CONFIG_UIO=m", "CONFIG_UIO_PDRV_GENIRQ=m", "CONFIG_UIO_PCI_GENERIC=m"],
            Modules = ["uio_pdrv_genirq", "uio_pci_generic"],
        },
        Traits = ["pci", "edu", "import", "core", "coherent", "iommu"],
        OnlyCategory = "core",
    };

    /// <summary>No IOMMU: bus addresses are physical, and a buffer comes in as many ranges as it has pieces.</summary>
    public static Machine X64Direct { get; } = X64 with
    {
        Name = "x86-64-direct",
        Summary = "the same PC, IOMMU off: the device sees physical memory",
        KernelArguments = [.. s_emulatedClock, "intel_iommu=off"],
        Traits = ["pci", "edu", "import", "core", "coherent", "direct"],
        OnlyCategory = "direct",
    };

    /// <summary>A kernel that has UIO and not the import.</summary>
    public static Machine X64NoImport { get; } = X64 with
    {
        Name = "x86-64-no-import",
        Summary = "the same PC, a kernel without the import",
        Kernel = new KernelVariant("no-import", Architecture.X64)
        {
            Configuration = ["# CONFIG_UIO_DMABUF is not set"],
        },
        Traits = ["pci", "edu", "no-import"],
        OnlyCategory = "no-import",
    };

    /// <summary>Time that follows executed instructions, for comparing costs.</summary>
    public static Machine X64Icount { get; } = X64 with
    {
        Name = "x86-64-icount",
        Summary = "the same PC, one CPU whose time counts instructions",
        QemuArguments = [.. X64.QemuArguments.Select(argument => argument.StartsWith("tcg,thread", StringComparison.Ordinal) ? "tcg" : argument), "-icount", "shift=0,sleep=off"],
        Cpus = 1,
        KernelArguments = [.. X64.KernelArguments, "dma_debug=off"],
        Traits = ["pci", "edu", "import", "icount"],
        OnlyCategory = "icount",
    };

    public static IReadOnlyList<Machine> All { get; } = [X64, X64Bounce, X64Direct, X64Modular, X64NoImport, X64Icount];

    public static Machine Named(string name) =>
        All.FirstOrDefault(machine => machine.Name == name)
        ?? throw new HarnessException($"There is no machine {name}; there are: {string.Join(", ", All)}.");

    /// <summary>One machine by name, or all of them.</summary>
    public static IReadOnlyList<Machine> Chosen(string name) => name == "all" ? All : [Named(name)];
}
