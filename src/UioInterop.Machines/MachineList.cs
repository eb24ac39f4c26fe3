using UioInterop.Machines.Host;
using UioInterop.Machines.Protocol;

namespace UioInterop.Machines;

/// <summary>The machines there are.</summary>
public static class MachineList
{
    // A check of the timer against the clock fails when the host is busy for a moment.
    private static readonly string[] s_emulatedClock = ["no_timer_check"];

    // Its default mask of 28 bits would put every buffer out of its reach.
    private const string EduMask = "dma_mask=0xffffffff";
    private static readonly UioParent s_edu = new("pci", "0000:00:01.0", "uio_pci_generic");

    // The first channel of the DMA engine in the low-power domain, on both boards.
    private static readonly UioParent s_zdma = new("platform", "ffa80000.dma", "uio_pdrv_genirq");

    private static string[] WithIommu(string kind) => [.. s_emulatedClock, "intel_iommu=on", kind, "iommu.forcedac=1"];

    private static readonly string[] s_noAddresses = ["# CONFIG_UIO_DMABUF_ADDRESSES is not set"];

    // What it has no option for any longer. Without preemption it is not to be had on a PC.
    private static readonly string[] s_linux73 =
    [
        "# CONFIG_PREEMPT_NONE is not set", "CONFIG_PREEMPT_LAZY=y", "# CONFIG_PROC_SYSCTL is not set",
        "# CONFIG_DMABUF_SYSFS_STATS is not set", "# CONFIG_DMA_API_DEBUG_SG is not set",
    ];

    // Each costs more than what it checks.
    private static readonly string[] s_withoutChecks =
    [
        "# CONFIG_PROVE_LOCKING is not set", "# CONFIG_DEBUG_ATOMIC_SLEEP is not set",
        "# CONFIG_DMA_API_DEBUG is not set", "# CONFIG_DMA_API_DEBUG_SG is not set",
        "# CONFIG_DEBUG_LIST is not set",
    ];

    private static readonly string[] s_uioAsModules = ["CONFIG_UIO=m", "CONFIG_UIO_PDRV_GENIRQ=m", "CONFIG_UIO_PCI_GENERIC=m"];
    private static readonly string[] s_uioModules = ["uio_pdrv_genirq", "uio_pci_generic"];

    // A stack trace says of which module a function is. The unwinder of tiny kernels takes for calls whatever looks like one.
    private static readonly string[] s_uioInStackTraces =
        [.. s_uioAsModules, "# CONFIG_UNWINDER_GUESS is not set", "CONFIG_UNWINDER_FRAME_POINTER=y"];

    private static readonly KernelVariant s_arm64 = new("built-in", Architecture.Arm64);
    private static readonly KernelVariant s_arm64Linux61 = s_arm64 with { Release = "6.1" };

    internal static Machine X64 { get; } = new()
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
            "-device", $"edu,addr=1,{EduMask}",
        ],
        // A device that can use them gets addresses of more than 32 bits.
        KernelArguments = WithIommu("iommu.strict=1"),
        Traits = ["pc", "platform-uio", "userfaults", "edu", "import", "handles", "core", "coherent", "iommu"],
        ConsoleTty = "ttyS0",
        ResultTty = "ttyS1",
        Device = s_edu,
        KnownLines = [.. KnownLines.Everywhere, .. KnownLines.EmulatedPc],
    };

    /// <summary>No IOMMU, every transfer through a bounce buffer: a forgotten sync reads stale data.</summary>
    internal static Machine X64Bounce { get; } = X64 with
    {
        Name = "x86-64-swiotlb",
        Summary = "the same PC, IOMMU off, every transfer through a bounce buffer",
        KernelArguments = [.. s_emulatedClock, "intel_iommu=off", "swiotlb=force"],
        Traits = ["platform-uio", "edu", "import", "handles", "core", "bounce"],
    };

    /// <summary>An IOMMU that lets everything through, as many a PC is set up.</summary>
    internal static Machine X64Passthrough { get; } = X64 with
    {
        Name = "x86-64-passthrough",
        Summary = "the first PC, its IOMMU lets everything through",
        KernelArguments = WithIommu("iommu=pt"),
        Traits = ["edu", "import", "handles", "coherent", "translation", "identity"],
        OnlyCategory = "translation",
    };

    /// <summary>An IOMMU as most kernels have it: what is unmapped stays in reach until it is flushed.</summary>
    internal static Machine X64Lazy { get; } = X64 with
    {
        Name = "x86-64-lazy",
        Summary = "the first PC, its IOMMU forgets late",
        KernelArguments = WithIommu("iommu.strict=0"),
        Traits = ["edu", "import", "handles", "coherent", "translation", "lazy"],
        OnlyCategory = "translation",
    };

    /// <summary>UIO and its import as modules.</summary>
    internal static Machine X64Modular { get; } = X64 with
    {
        Name = "x86-64-modular",
        Summary = "the first PC, UIO built as modules",
        Kernel = new KernelVariant("modular", Architecture.X64)
        {
            Configuration = s_uioAsModules,
            Modules = s_uioModules,
        },
        Traits = ["edu", "import", "handles", "core", "coherent", "iommu"],
        OnlyCategory = "core",
    };

    /// <summary>No IOMMU: bus addresses are physical, and a buffer comes in as many ranges as it has pieces.</summary>
    internal static Machine X64Direct { get; } = X64 with
    {
        Name = "x86-64-direct",
        Summary = "the same PC, IOMMU off: the device sees physical memory",
        KernelArguments = [.. s_emulatedClock, "intel_iommu=off"],
        Traits = ["edu", "udmabuf", "import", "handles", "core", "coherent", "direct"],
        OnlyCategory = "direct",
    };

    /// <summary>Memory above 4 GiB, which edu's 32 bits do not reach: there a buffer would be bounced.</summary>
    internal static Machine X64Beyond { get; } = X64Direct with
    {
        Name = "x86-64-beyond",
        Summary = "the same PC, IOMMU off, more memory than its device reaches",
        MemoryMiB = 5 << 10,
        // By itself the area lies above 4 GiB on x86.
        KernelArguments = [.. X64Direct.KernelArguments, "cma=64M@0-4G"],
        Traits = ["edu", "import", "handles", "coherent", "beyond"],
        OnlyCategory = "beyond",
    };

    /// <summary>The ioctls of the boards and no others: what the library falls back to.</summary>
    internal static Machine X64Boards { get; } = X64Direct with
    {
        Name = "x86-64-boards",
        Summary = "the same PC, IOMMU off, a kernel that has only the boards' ioctls",
        Kernel = new KernelVariant("boards", Architecture.X64) { Patches = "boards-abi" },
        Traits = ["platform-uio", "edu", "import", "boards", "core", "coherent", "direct"],
        OnlyCategory = null,
    };

    /// <summary>A kernel that keeps bus addresses to itself.</summary>
    internal static Machine X64NoAddresses { get; } = X64Direct with
    {
        Name = "x86-64-no-addresses",
        Summary = "the same PC, IOMMU off, a kernel that keeps bus addresses to itself",
        Kernel = new KernelVariant("no-addresses", Architecture.X64) { Configuration = s_noAddresses },
        Traits = ["edu", "no-addresses"],
        OnlyCategory = "no-addresses",
    };

    /// <summary>A kernel that has never heard of the import: every call has to explain itself.</summary>
    internal static Machine X64Unpatched { get; } = X64 with
    {
        Name = "x86-64-unpatched",
        Summary = "the same PC, a kernel without the series",
        Kernel = new KernelVariant("unpatched", Architecture.X64) { HasSeries = false },
        Traits = [.. X64.Traits.Where(trait => trait is not ("import" or "handles")), "no-import"],
    };

    /// <summary>A kernel that has the series and not the import.</summary>
    internal static Machine X64NoImport { get; } = X64 with
    {
        Name = "x86-64-no-import",
        Summary = "the same PC, a kernel without the import",
        Kernel = new KernelVariant("no-import", Architecture.X64)
        {
            Configuration = ["# CONFIG_UIO_DMABUF is not set", "# CONFIG_UIO_DMABUF_ADDRESSES is not set"],
        },
        Traits = ["edu", "no-import"],
        OnlyCategory = "no-import",
    };

    /// <summary>The first series without the second: the import behind an IOMMU.</summary>
    internal static Machine X64FirstSeries { get; } = X64 with
    {
        Name = "x86-64-first-series",
        Summary = "the first PC, the first series alone: the import behind an IOMMU",
        Kernel = new KernelVariant("first-series", Architecture.X64) { HasFirstSeriesAlone = true },
        Traits = ["edu", "import", "first-series"],
        OnlyCategory = "first-series",
    };

    /// <summary>Time that follows executed instructions, for comparing costs.</summary>
    internal static Machine X64Icount { get; } = X64 with
    {
        Name = "x86-64-icount",
        Summary = "the same PC, one CPU whose time counts instructions",
        QemuArguments =
        [
            .. X64.QemuArguments.Select(argument => argument.StartsWith("tcg,thread", StringComparison.Ordinal) ? "tcg" : argument),
            "-icount", "shift=0,sleep=off",
        ],
        Cpus = 1,
        KernelArguments = [.. X64.KernelArguments, "dma_debug=off"],
        Traits = ["edu", "import", "handles", "icount"],
        OnlyCategory = "icount",
    };

    /// <summary>The same with a kernel as one ships it: what the library costs shows beside less.</summary>
    internal static Machine X64Cost { get; } = X64Icount with
    {
        Name = "x86-64-cost",
        Summary = "the same, a kernel without its checks",
        Traits = [.. X64Icount.Traits, "cost"],
        Kernel = new KernelVariant("lean", Architecture.X64) { Configuration = s_withoutChecks },
    };

    /// <summary>UIO devices and buffers of which no machine has the like; edu behind a bridge of its own, and two behind one.</summary>
    internal static Machine X64OddDevices { get; } = X64 with
    {
        Name = "x86-64-odd-devices",
        Summary = "the first PC, UIO devices that share a parent or a group, buffers whose mapping waits",
        Kernel = new KernelVariant("odd-devices", Architecture.X64) { Patches = "odd-devices" },
        QemuArguments =
        [
            .. X64.QemuArguments,
            // 1 GiB of registers: memory of the host that nobody writes to is none.
            "-object", "memory-backend-ram,id=registers,size=1G", "-device", "ivshmem-plain,addr=3,memdev=registers",
            "-device", "pcie-pci-bridge,id=alone,addr=4", "-device", $"edu,bus=alone,addr=1,{EduMask}",
            "-device", "pcie-pci-bridge,id=shared,addr=5",
            "-device", $"edu,bus=shared,addr=1,{EduMask}", "-device", $"edu,bus=shared,addr=2,{EduMask}",
        ],
        Traits = ["edu", "import", "handles", "coherent", "iommu", "odd-devices"],
        OnlyCategory = "odd-devices",
    };

    /// <summary>The same without an IOMMU.</summary>
    internal static Machine X64OddDevicesDirect { get; } = X64OddDevices with
    {
        Name = "x86-64-odd-devices-direct",
        Summary = "the same, IOMMU off",
        // DMA debug warns of memory that is kept when its device's driver goes.
        KernelArguments = [.. X64Direct.KernelArguments, "dma_debug=off"],
        Traits = ["edu", "import", "handles", "coherent", "direct", "odd-devices"],
    };

    /// <summary>A kernel that watches each of its memory accesses.</summary>
    internal static Machine X64Kasan { get; } = X64 with
    {
        Name = "x86-64-kasan",
        Summary = "the first PC, a kernel that watches each of its memory accesses",
        Kernel = new KernelVariant("kasan", Architecture.X64)
        {
            // The allocator of tiny kernels has no room for the marks.
            Configuration = ["# CONFIG_SLUB_TINY is not set", "CONFIG_KASAN=y"],
            HasOwnObjects = true,
        },
    };

    /// <summary>A kernel that sees two CPUs at one variable.</summary>
    internal static Machine X64Kcsan { get; } = X64 with
    {
        Name = "x86-64-kcsan",
        Summary = "the first PC, a kernel that sees data races: those of UIO count",
        Kernel = new KernelVariant("kcsan", Architecture.X64)
        {
            Configuration =
            [
                "CONFIG_KCSAN=y", "# CONFIG_KCSAN_ASSUME_PLAIN_WRITES_ATOMIC is not set", .. s_withoutChecks, .. s_uioInStackTraces,
                // More calls meet with it.
                "# CONFIG_PREEMPT_NONE is not set", "CONFIG_PREEMPT=y",
            ],
            Modules = s_uioModules,
            HasOwnObjects = true,
        },
        // Far more often than by default it watches an access, and for longer: on a busy host, one of both CPUs may stand still.
        KernelArguments = [.. X64.KernelArguments, "kcsan.skip_watch=1000", "kcsan.udelay_task=300"],
        Traits = ["edu", "import", "handles", "coherent", "iommu", "races"],
        OnlyCategory = "races",
        KnownLines = [.. X64.KnownLines, KnownLines.Kcsan],
    };

    /// <summary>A kernel that finds memory which nobody points to any longer.</summary>
    internal static Machine X64Kmemleak { get; } = X64 with
    {
        Name = "x86-64-kmemleak",
        Summary = "the first PC, a kernel that looks for leaked memory",
        Kernel = new KernelVariant("kmemleak", Architecture.X64)
        {
            // A test says when.
            Configuration = ["CONFIG_DEBUG_KMEMLEAK=y", "# CONFIG_DEBUG_KMEMLEAK_AUTO_SCAN is not set"],
            HasOwnObjects = true,
        },
        Traits = [.. X64.Traits, "races", "leaks"],
    };

    /// <summary>The newest kernel that Debian serves, in its backports.</summary>
    internal static Machine X64Linux73 { get; } = X64 with
    {
        Name = "x86-64-linux-7.3",
        Summary = "the first PC, Linux 7.3",
        Kernel = X64.Kernel with { Release = "7.3", Configuration = s_linux73 },
    };

    /// <summary>An older kernel, Debian 12's own.</summary>
    internal static Machine X64Linux61 { get; } = X64 with
    {
        Name = "x86-64-linux-6.1",
        Summary = "the first PC, Linux 6.1",
        Kernel = X64.Kernel with { Release = "6.1" },
        Traits = [.. X64.Traits.Where(trait => trait != "platform-uio")],
    };

    /// <summary>The same without an IOMMU, where buffers come in pieces and more is refused.</summary>
    internal static Machine X64DirectLinux61 { get; } = X64Direct with
    {
        Name = "x86-64-linux-6.1-direct",
        Summary = "the same PC, IOMMU off, Linux 6.1",
        Kernel = X64Linux61.Kernel,
        Traits = [.. X64Direct.Traits.Where(trait => trait != "udmabuf")],
        OnlyCategory = null,
    };

    /// <summary>A kernel that nobody had to build: Debian's own, with our uio.ko. It has no heaps.</summary>
    internal static Machine X64Debian { get; } = X64 with
    {
        Name = "x86-64-debian",
        Summary = "the first PC, Debian's own kernel with our uio.ko",
        Kernel = new KernelVariant("stock", Architecture.X64)
        {
            Release = "6.1",
            Distribution = "amd64",
            Modules = ["uio_pci_generic", "vgem", "vivid"],
            ModuleParameters = new Dictionary<string, string> { ["vivid"] = "n_devs=1 node_types=0x1" },
        },
        Traits = ["edu", "import", "handles", "exporters", "coherent", "iommu"],
        OnlyCategory = "exporters",
        KnownLines = [.. X64.KnownLines, .. KnownLines.Debian],
    };

    /// <summary>The name for tests that put defects into kernels, one after another; by itself it boots for none.</summary>
    internal static Machine X64Defects { get; } = X64 with
    {
        Name = "x86-64-defects",
        Summary = "the PCs, with defects put into their kernels: each has to be noticed",
        OnlyCategory = "defects",
    };

    /// <summary>QEMU's own ARM machine, for an ARM IOMMU.</summary>
    internal static Machine ArmVirt { get; } = new()
    {
        Name = "arm-virt",
        Summary = "QEMU's ARM machine, edu PCI device behind an SMMUv3",
        Kernel = s_arm64,
        QemuBinary = "qemu-system-aarch64",
        QemuArguments =
        [
            // A bus window beyond 4 GiB, which a 32-bit BAR cannot use, would be a warning at boot.
            "-M", "virt,iommu=smmuv3,gic-version=3,highmem=off",
            // Not max: this one runs 32-bit programs as well, and QEMU emulates it faster.
            "-cpu", "cortex-a72",
            "-accel", "tcg,thread=multi,tb-size=512",
            "-device", $"edu,addr=1,{EduMask}",
        ],
        KernelArguments = ["iommu.strict=1"],
        Traits = ["device-tree", "platform-uio", "edu", "import", "handles", "core", "coherent", "iommu"],
        ConsoleTty = "ttyAMA0",
        // The board has one UART.
        ResultTty = "ttyS0",
        ResultPort = ["-device", "pci-serial,addr=2,chardev=results"],
        Device = s_edu,
        KnownLines = [.. KnownLines.Everywhere, .. KnownLines.Emulated],
    };

    /// <summary>The same without an IOMMU, and with devices that write by themselves, 64 bytes five times a second.</summary>
    internal static Machine ArmVirtRng { get; } = ArmVirt with
    {
        Name = "arm-virt-rng",
        Summary = "QEMU's ARM machine, virtio entropy devices on its platform bus, no IOMMU",
        QemuArguments =
        [
            "-M", "virt,gic-version=3,highmem=off",
            "-cpu", "cortex-a72",
            "-accel", "tcg,thread=multi,tb-size=512",
            "-global", "virtio-mmio.force-legacy=false",
            .. Enumerable.Repeat<string[]>(["-device", "virtio-rng-device,max-bytes=64,period=200"], 3).SelectMany(device => device),
        ],
        KernelArguments = [],
        Traits = ["device-tree", "rng", "import", "handles", "direct"],
        OnlyCategory = "rng",
        Device = new UioParent("platform", "a003e00.virtio_mmio", "uio_pdrv_genirq"),
    };

    /// <summary>An older kernel, Debian 12's own.</summary>
    internal static Machine ArmVirtRngLinux61 { get; } = ArmVirtRng with
    {
        Name = "arm-virt-rng-linux-6.1",
        Summary = "the same machine, Linux 6.1",
        Kernel = s_arm64Linux61,
    };

    /// <summary>Zynq UltraScale+, its DMA channels given to user space by the device tree.</summary>
    internal static Machine Zcu102 { get; } = new()
    {
        Name = "zcu102",
        Summary = "Xilinx ZCU102 (Zynq UltraScale+), DMA channels as generic-uio nodes of the device tree",
        Kernel = s_arm64,
        QemuBinary = "qemu-system-aarch64",
        QemuArguments =
        [
            "-M", "xlnx-zcu102", "-accel", "tcg,thread=multi,tb-size=512", "-audiodev", "none,id=silent",
            // Three of the board's four Ethernet controllers on one wire.
            "-nic", "hubport,hubid=0", "-nic", "hubport,hubid=0", "-nic", "hubport,hubid=0",
        ],
        HasWire = true,
        DeviceTree = Content.At("tests", "machines", "zcu102.dts"),
        KernelArguments = ["uio_pdrv_genirq.of_id=generic-uio", "cma=64M"],
        Traits =
        [
            "device-tree", "platform-uio", "zdma", "gem", "generic-uio", "udmabuf", "import", "handles", "core", "coherent", "direct",
        ],
        ConsoleTty = "ttyPS0",
        ResultTty = "ttyPS1",
        Device = s_zdma,
        KnownLines = [.. KnownLines.Everywhere, .. KnownLines.Emulated],
    };

    /// <summary>The same with cores in its programmable logic; the device tree has a node for each.</summary>
    internal static Machine Zcu102Logic { get; } = Zcu102 with
    {
        Name = "zcu102-logic",
        Summary = "the same board, AXI DMA and test cores in its programmable logic",
        QemuArguments =
        [
            .. Zcu102.QemuArguments,
            "-device", "pl-axi-dma,id=direct,to=direct,addr=0xa0000000,mm2s-irq=89,s2mm-irq=89,sg=0,length-width=16",
            "-device", "pl-axi-dma,id=sg,to=sg,addr=0xa0010000,mm2s-irq=90,s2mm-irq=90",
            "-device", "pl-xlnx-axi-dma,addr=0xa0020000,mm2s-irq=91,s2mm-irq=92",
            "-device", "pl-axi-dma,id=wide,to=wide,addr=0xa0030000,mm2s-irq=93,s2mm-irq=94,address-width=64,length-width=26,dre=1",
            "-device", "pl-test-core,addr=0xa0040000,irq=95",
            "-device", "pl-sum,addr=0xa0050000,irq=96",
            "-device", "pl-test-core,addr=0xa0060000,irq=104",
            "-device", "pl-xlnx-axi-timer,addr=0xa0070000,irq=105",
            // Slow enough to send for ever beside a guest that has something else to do.
            "-device", "pl-axi-dma,id=polled,to=polled,addr=0xa0080000,rate=4",
        ],
        HasLogic = true,
        DeviceTree = Content.At("tests", "machines", "zcu102-logic.dts"),
        Traits = ["device-tree", "logic", "import", "handles", "coherent", "direct"],
        OnlyCategory = "logic",
        Device = new UioParent("platform", "a0040000.core", "uio_pdrv_genirq"),
    };

    /// <summary>The same, and some of its devices are switched off while nobody uses them.</summary>
    internal static Machine Zcu102PowerDomain { get; } = Zcu102 with
    {
        Name = "zcu102-power-domain",
        Summary = "the same board, DMA channels that have no power while nobody uses them",
        DeviceTree = Content.At("tests", "machines", "zcu102-power-domain.dts"),
        Kernel = new KernelVariant("power-domain", Architecture.Arm64)
        {
            Patches = "power-domain",
            Configuration = ["CONFIG_BCM63XX_POWER=y"],
            // Every device has one pointer more.
            HasOwnObjects = true,
        },
        Traits = ["device-tree", "zdma", "power-domain", "import", "handles", "direct"],
        OnlyCategory = "power-domain",
    };

    /// <summary>The same, and some of its devices are behind buses that say what they reach.</summary>
    internal static Machine Zcu102DmaRanges { get; } = Zcu102 with
    {
        Name = "zcu102-dma-ranges",
        Summary = "the same board, DMA channels behind buses that say what they reach",
        DeviceTree = Content.At("tests", "machines", "zcu102-dma-ranges.dts"),
        MemoryMiB = 640,
        Traits = ["device-tree", "zdma", "import", "handles", "direct", "dma-ranges"],
        OnlyCategory = "dma-ranges",
    };

    /// <summary>The same as the boards have it: the channel copies through the two ioctls of their kernel.</summary>
    internal static Machine Zcu102Boards { get; } = Zcu102 with
    {
        Name = "zcu102-boards",
        Summary = "the same board, a kernel that has only the boards' ioctls",
        Kernel = new KernelVariant("boards", Architecture.Arm64) { Patches = X64Boards.Kernel.Patches },
        Traits = [.. Zcu102.Traits.Where(trait => trait is not "handles"), "boards"],
    };

    /// <summary>The same with a kernel that keeps bus addresses to itself: the channel copies nevertheless.</summary>
    internal static Machine Zcu102NoAddresses { get; } = Zcu102 with
    {
        Name = "zcu102-no-addresses",
        Summary = "the same board, a kernel that keeps bus addresses to itself",
        Kernel = new KernelVariant("no-addresses", Architecture.Arm64) { Configuration = s_noAddresses },
        Traits = ["device-tree", "zdma", "udmabuf", "no-addresses"],
        OnlyCategory = "no-addresses",
    };

    /// <summary>An older kernel, Debian 12's own.</summary>
    internal static Machine Zcu102Linux61 { get; } = Zcu102 with
    {
        Name = "zcu102-linux-6.1",
        Summary = "the same board, Linux 6.1",
        Kernel = s_arm64Linux61,
        Traits = [.. Zcu102.Traits.Where(trait => trait != "udmabuf")],
    };

    /// <summary>Versal, with the device tree that QEMU writes; a channel gets its driver by name.</summary>
    internal static Machine Versal { get; } = Zcu102 with
    {
        Name = "versal",
        Summary = "Xilinx Versal, a DMA channel bound by driver_override",
        QemuArguments = ["-M", "xlnx-versal-virt", "-accel", "tcg,thread=multi,tb-size=512"],
        HasWire = false,
        DeviceTree = null,
        KernelArguments = ["cma=64M"],
        Traits = ["device-tree", "platform-uio", "zdma", "udmabuf", "import", "handles", "core", "coherent", "direct"],
        // QEMU insists on all: two for Linux, two for real-time software.
        Cpus = 4,
        ConsoleTty = "ttyAMA0",
        ResultTty = "ttyAMA1",
    };

    /// <summary>The same with cores in its programmable logic, which is elsewhere than the ZCU102's.</summary>
    internal static Machine VersalLogic { get; } = Versal with
    {
        Name = "versal-logic",
        Summary = "the same, an AXI DMA and the example core in its programmable logic",
        QemuArguments =
        [
            .. Versal.QemuArguments,
            "-device", "pl-sum,addr=0xa4000000,irq=84",
            "-device", "pl-axi-dma,id=sg,to=sg,addr=0xa4010000,mm2s-irq=85,s2mm-irq=85",
        ],
        HasLogic = true,
        DeviceTree = Content.At("tests", "machines", "versal-logic.dts"),
        ExtendsQemusTree = true,
        KernelArguments = [.. Versal.KernelArguments, "uio_pdrv_genirq.of_id=generic-uio"],
        Traits = ["device-tree", "logic-smoke", "import", "handles", "coherent", "direct"],
        OnlyCategory = "logic-smoke",
        Device = new UioParent("platform", "a4000000.core", "uio_pdrv_genirq"),
    };

    /// <summary>What <see cref="Default"/> is called where a machine's name is asked for.</summary>
    public const string DefaultName = "default";

    /// <summary>What a test run boots unless it is told otherwise.</summary>
    public static IReadOnlyList<Machine> Default { get; } =
    [
        X64, X64Bounce, X64Direct, X64Beyond, X64Passthrough, X64Lazy, X64Boards, X64NoAddresses, X64Modular, X64Unpatched, X64Icount,
        Zcu102, Zcu102Logic, ArmVirtRng,
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Machine> All { get; } =
    [
        .. Default, X64NoImport, X64FirstSeries, X64Cost, X64OddDevices, X64OddDevicesDirect, X64Kasan, X64Kcsan, X64Kmemleak,
        X64Linux73, X64Linux61, X64DirectLinux61, X64Debian, X64Defects, ArmVirt, ArmVirtRngLinux61, Versal, VersalLogic, Zcu102Boards,
        Zcu102PowerDomain, Zcu102DmaRanges, Zcu102NoAddresses, Zcu102Linux61,
    ];

    /// <summary>The machine of that name.</summary>
    /// <exception cref="MachineException">There is none; the message lists those that there are.</exception>
    public static Machine Named(string name) =>
        All.FirstOrDefault(machine => machine.Name == name)
        ?? throw new MachineException($"There is no machine {name}; there are: {string.Join(", ", All)}.");

    /// <summary>One machine by name, or all of them, or the default machines, also without a name.</summary>
    public static IReadOnlyList<Machine> Chosen(string? name) => name switch
    {
        null or DefaultName => Default,
        "all" => All,
        _ => [Named(name)],
    };
}
