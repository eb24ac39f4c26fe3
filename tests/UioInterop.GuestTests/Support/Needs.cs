namespace UioInterop.GuestTests.Support;

/// <summary>
/// What a test needs of its machine, as NUnit categories. The harness's machines list what they have under the same
/// names; a test runs on each machine that has all it needs.
/// </summary>
internal static class Needs
{
    /// <summary>QEMU's edu device: a DMA engine on the PCI bus.</summary>
    public const string Edu = "edu";

    /// <summary>A kernel with the import.</summary>
    public const string Import = "import";

    /// <summary>A kernel without the import.</summary>
    public const string NoImport = "no-import";

    /// <summary>Strict translation between the device and memory.</summary>
    public const string Iommu = "iommu";

    /// <summary>No translation: bus addresses are physical.</summary>
    public const string Direct = "direct";

    /// <summary>Bounce buffers, so that a forgotten sync reads stale data.</summary>
    public const string Bounce = "bounce";

    /// <summary>UIO as a module.</summary>
    public const string Modular = "modular";

    /// <summary>Guest time that follows executed instructions.</summary>
    public const string Icount = "icount";
}
