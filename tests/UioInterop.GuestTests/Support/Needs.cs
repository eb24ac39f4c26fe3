namespace UioInterop.GuestTests.Support;

/// <summary>
/// What a test needs of its machine, as NUnit categories. The harness's machines list what they have under the same
/// names; a test runs on each machine that has all it needs.
/// </summary>
internal static class Needs
{
    /// <summary>QEMU's edu device: a DMA engine on the PCI bus.</summary>
    public const string Edu = "edu";

    /// <summary>A channel of Xilinx's ZDMA engine as the device under test.</summary>
    public const string Zdma = "zdma";

    /// <summary>Cores in the programmable logic: those of tests/logic, under the names of machines/zcu102-logic.dts.</summary>
    public const string Logic = "logic";

    /// <summary>The example core and an AXI DMA, on a board that has its logic elsewhere.</summary>
    public const string LogicSmoke = "logic-smoke";

    /// <summary>Two Ethernet controllers of Xilinx's boards on one wire.</summary>
    public const string Gem = "gem";

    /// <summary>Three virtio entropy devices that write a little at a time.</summary>
    public const string Rng = "rng";

    /// <summary>Nodes of the device tree that uio_pdrv_genirq takes as they are, with names.</summary>
    public const string GenericUio = "generic-uio";

    /// <summary>DMA channels in power domains, which are on while somebody uses them.</summary>
    public const string PowerDomain = "power-domain";

    /// <summary>QEMU's PC: no device tree, a disk controller, a keyboard.</summary>
    public const string Pc = "pc";

    /// <summary>A platform device that uio_pdrv_genirq takes by driver_override: from ACPI, with Linux 6.12 and not with 6.1.</summary>
    public const string PlatformUio = "platform-uio";

    /// <summary>
    /// An udmabuf with pieces of more than 64 KiB: Linux 6.1 maps them for a device of its own that claims not to take them.
    /// </summary>
    public const string Udmabuf = "udmabuf";

    /// <summary>userfaultfd with write protection: a test can put the kernel to sleep where it writes to user space.</summary>
    public const string UserFaults = "userfaults";

    /// <summary>A device tree.</summary>
    public const string DeviceTree = "device-tree";

    /// <summary>A kernel with the import.</summary>
    public const string Import = "import";

    /// <summary>A kernel that imports by handle.</summary>
    public const string Handles = "handles";

    /// <summary>A kernel that has only the boards' two ioctls.</summary>
    public const string Boards = "boards";

    /// <summary>A kernel that imports by handle and keeps bus addresses to itself.</summary>
    public const string NoAddresses = "no-addresses";

    /// <summary>A kernel without the import.</summary>
    public const string NoImport = "no-import";

    /// <summary>A kernel with the first of the two series alone.</summary>
    public const string FirstSeries = "first-series";

    /// <summary>A kernel with vgem (DRM) and vivid (V4L2), which export dma-bufs that are not of a heap.</summary>
    public const string Exporters = "exporters";

    /// <summary>UIO devices and an exporter for tests: kernel/odd-devices.</summary>
    public const string OddDevices = "odd-devices";

    /// <summary>Strict translation between the device and memory.</summary>
    public const string Iommu = "iommu";

    /// <summary>A kind of translation of which only what is special is tested.</summary>
    public const string Translation = "translation";

    /// <summary>An IOMMU that lets everything through.</summary>
    public const string Identity = "identity";

    /// <summary>An IOMMU that by itself lets the device reach what was unmapped for some milliseconds.</summary>
    public const string Lazy = "lazy";

    /// <summary>No translation: bus addresses are physical.</summary>
    public const string Direct = "direct";

    /// <summary>Memory above 4 GiB beside a device of 32 bits and no IOMMU.</summary>
    public const string Beyond = "beyond";

    /// <summary>Devices behind buses whose dma-ranges say what they reach.</summary>
    public const string DmaRanges = "dma-ranges";

    /// <summary>Bounce buffers, so that a forgotten sync reads stale data.</summary>
    public const string Bounce = "bounce";

    /// <summary>No bounce buffers: what the CPU writes is what the device sees.</summary>
    public const string Coherent = "coherent";

    /// <summary>Nothing special: the tests that say whether the import works at all, also run on special kernels.</summary>
    public const string Core = "core";

    /// <summary>A kernel that sees more of calls that meet than others do.</summary>
    public const string Races = "races";

    /// <summary>A kernel that looks for leaked memory.</summary>
    public const string Leaks = "leaks";

    /// <summary>Guest time that follows executed instructions.</summary>
    public const string Icount = "icount";

    /// <summary>A kernel without its checks, which cost more than what they check.</summary>
    public const string Cost = "cost";

    /// <summary>Kernel and CPU that run programs of an architecture, under the names of native/Makefile.</summary>
    public const string X64 = "x86-64", Arm64 = "arm64", ArmHf = "armhf";
}
