namespace UioInterop;

/// <summary>
/// What stands between a device and memory. An import needs CAP_SYS_RAWIO unless the translation is <see cref="Strict"/> and
/// the device is alone in its <see cref="IommuGroup"/>.
/// </summary>
public enum DmaTranslation
{
    /// <summary>Not known: the kernel has no way to say it (no UIO_IOC_QUERY).</summary>
    Unknown = -1,

    /// <summary>Nothing: the device reaches all memory that its address bits cover.</summary>
    None = 0,

    /// <summary>An IOMMU that lets everything through.</summary>
    Identity = 1,

    /// <summary>
    /// A lazy IOMMU, which the kernel flushes when a mapping ends. Some exporters let the memory go a moment before that.
    /// </summary>
    Lazy = 2,

    /// <summary>
    /// A strict IOMMU: the device reaches only what is mapped for it, or for other devices of its <see cref="IommuGroup"/>.
    /// </summary>
    Strict = 3,
}
