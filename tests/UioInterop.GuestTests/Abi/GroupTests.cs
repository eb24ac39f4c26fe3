using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>What is mapped for one device of an IOMMU group, all of them reach.</summary>
[Category(Needs.OddDevices), Category(Needs.Iommu)]
internal sealed class GroupTests
{
    [Test]
    public void With_only_a_bridge_in_its_group_an_attach_needs_no_privilege()
    {
        using var edu = BridgedEdu.Alone();

        Assert.That(AttachWithoutCapabilities(edu), Is.Zero);
    }

    [Test]
    public void With_other_devices_in_its_group_an_attach_needs_the_privilege()
    {
        using var edu = BridgedEdu.Shared();

        Assert.That(AttachWithoutCapabilities(edu), Is.EqualTo(-LibC.EPERM));
    }

    private static int AttachWithoutCapabilities(BridgedEdu edu)
    {
        using var uio = RawUio.Open(edu.DevicePath);
        using var memory = DmaHeap.System.Allocate(4096);
        using var buffer = memory.DuplicateHandle();
        var result = 0;
        Unprivileged.WithoutCapabilities(() => result = RawHandles.Attach(uio, buffer));
        return result;
    }
}
