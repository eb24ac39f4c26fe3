namespace UioInterop.GuestTests.Support;

/// <summary>
/// Another type for the IOMMU group of the device under test, until it is disposed (Documentation/ABI/testing/sysfs-kernel-iommu_groups).
/// The device is unbound for a moment each time.
/// </summary>
internal sealed class GroupType : IDisposable
{
    private readonly string _path = Path;
    private readonly string _before;

    public GroupType(string type)
    {
        _before = File.ReadAllText(_path).Trim();
        Set(type);
    }

    /// <summary>The attribute, while the device is bound.</summary>
    public static string Path =>
        $"/sys/kernel/iommu_groups/{UioDevice.Find(UioDeviceId.FromParent(UnderTest.Name)).Iommu!.Number}/type";

    public void Dispose() => Set(_before);

    private void Set(string type)
    {
        UnderTest.Unbind();
        File.WriteAllText(_path, type);
        UnderTest.Bind();
    }
}
