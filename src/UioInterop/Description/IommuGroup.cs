namespace UioInterop;

/// <summary>
/// The IOMMU group of a device: the devices that the IOMMU cannot tell apart. Each reaches what is mapped for any of them.
/// </summary>
/// <param name="Number">Its number in /sys/kernel/iommu_groups.</param>
/// <param name="Type">
/// Its kind, as the kernel names it: <c>DMA</c> translates and is strict, <c>DMA-FQ</c> translates and may leave a
/// buffer reachable for some 10 ms after its mapping ends, <c>identity</c> does not translate. See <c>type</c> in
/// Documentation/ABI/testing/sysfs-kernel-iommu_groups.
/// </param>
public sealed record IommuGroup(int Number, string Type)
{
    /// <summary>Whether the device reaches nothing but what is mapped for a device of the group.</summary>
    public bool Translates => Type.StartsWith("DMA", StringComparison.Ordinal);

    /// <summary>Whether that holds from the moment at which a mapping ends.</summary>
    public bool IsStrict => Type == "DMA";

    /// <summary>The group in words: <c>IOMMU group 3, type DMA</c>.</summary>
    public override string ToString() => $"IOMMU group {Number}, type {Type}";
}
