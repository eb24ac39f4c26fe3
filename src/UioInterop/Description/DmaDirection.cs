namespace UioInterop;

/// <summary>What the device does with an imported buffer, as seen from memory.</summary>
/// <remarks>The values are those of <c>enum uio_dmabuf_dir</c> in linux/uio/uio.h.</remarks>
public enum DmaDirection
{
    /// <summary>The device reads and writes the buffer.</summary>
    Bidirectional = 1,

    /// <summary>The device only reads. Behind an IOMMU a write of the device faults.</summary>
    ToDevice = 2,

    /// <summary>The device only writes.</summary>
    FromDevice = 3,
}
