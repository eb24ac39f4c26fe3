namespace UioInterop;

/// <summary>
/// What stands between a device and memory. An import takes CAP_SYS_RAWIO unless it is <see cref="Strict"/> and the device is
/// alone in its <see cref="IommuGroup"/>.
/// </summary>
public enum DmaTranslation
{
    /// <summary>Not known: the kernel has no way to say it (no UIO_IOC_QUERY).</summary>
    Unknown = -1,

    /// <summary>Nothing: the device reaches all memory that its address lines do.</summary>
    None = 0,

    /// <summary>An IOMMU that lets everything through.</summary>
    Identity = 1,

    /// <summary>An IOMMU; for some milliseconds after its mapping has ended the device may still reach a buffer.</summary>
    Lazy = 2,

    /// <summary>An IOMMU: the device reaches what is mapped for it, and for the other devices of its <see cref="IommuGroup"/>.</summary>
    Strict = 3,
}
