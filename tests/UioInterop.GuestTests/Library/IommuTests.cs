using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

/// <summary>What the library says of the IOMMU, on machines where it is known.</summary>
[Category(Needs.Edu)]
internal sealed class IommuTests
{
    [Test, Category(Needs.Iommu)]
    public void A_strict_IOMMU_is_seen()
    {
        Assert.That(Edu().Iommu, Has.Property(nameof(IommuGroup.Translates)).True.And.Property(nameof(IommuGroup.IsStrict)).True);
    }

    [Test, Category(Needs.Direct)]
    public void The_absence_of_an_IOMMU_is_seen()
    {
        Assert.That(Edu().Iommu, Is.Null);
    }

    private static UioDeviceInfo Edu()
    {
        UnderTest.Bind();
        return UioDevice.List().Single(device => device.ParentName == UnderTest.Name);
    }
}
