using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>
/// What an IOMMU that lets everything through, and one that forgets late, are to the import: the first is none, whatever
/// sysfs lists.
/// </summary>
[Category(Needs.Translation), Category(Needs.Handles)]
internal sealed class TranslationTests : AbiTest
{
    [Test, Category(Needs.Identity)]
    public void An_IOMMU_that_lets_everything_through_is_told() => AssertTold(DmaTranslation.Identity, translates: false);

    [Test, Category(Needs.Lazy)]
    public void An_IOMMU_that_forgets_late_is_told() => AssertTold(DmaTranslation.Lazy, translates: true);

    [Test, Category(Needs.Identity)]
    public void An_IOMMU_in_passthrough_counts_as_none_for_permissions()
    {
        Assert.That(AttachWithoutCapabilities(), Is.EqualTo(-LibC.EPERM));

        using var buffer = Buffer();
        RawHandles.Attached(Uio, buffer);
        Assert.That(IsTainted, Is.True);
    }

    // A buffer that is detached can be somebody else's memory a moment before the device has lost it.
    [Test, Category(Needs.Lazy)]
    public void Behind_a_lazy_IOMMU_an_attach_needs_the_privilege_and_taints_nothing()
    {
        Assert.That(AttachWithoutCapabilities(), Is.EqualTo(-LibC.EPERM));

        using var buffer = Buffer();
        RawHandles.Attached(Uio, buffer);
        Assert.That(IsTainted, Is.False);
    }

    private int AttachWithoutCapabilities()
    {
        using var buffer = Buffer();
        var result = 0;
        Unprivileged.WithoutCapabilities(() => result = RawHandles.Attach(Uio, buffer));
        return result;
    }

    private void AssertTold(DmaTranslation translation, bool translates)
    {
        Assert.That(RawHandles.Query(Uio, out var query), Is.Zero);
        Assert.That(query.Translation, Is.EqualTo((uint)translation));

        using var device = UnderTest.OpenShared();
        Assert.That(device.Features.Translation, Is.EqualTo(translation));
        Assert.That(device.Info.Iommu,
            Has.Property(nameof(IommuGroup.Translates)).EqualTo(translates).And.Property(nameof(IommuGroup.IsStrict)).False);
    }
}
