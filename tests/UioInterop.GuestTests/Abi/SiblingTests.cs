using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>UIO devices that a driver registers for its parent, or for another one's.</summary>
[Category(Needs.OddDevices)]
internal sealed class SiblingTests
{
    // Built into the kernel both have no owner, or the same: that tells nothing. cnic does this with devices of bnx2.
    [Test]
    public void One_that_is_registered_for_a_bound_device_imports_nothing()
    {
        using var uio = RawUio.Open(OddDevices.PathOf("late"));
        using var buffer = OddDevices.Export();

        Assert.That(RawHandles.Attach(uio, buffer), Is.EqualTo(-LibCErrno.EOPNOTSUPP));
        Assert.That(RawHandles.Query(uio, out var query), Is.Zero);
        Assert.That((query.Features & RawHandles.ImportFeature, query.Translation, query.AddressBits), Is.EqualTo((0ul, RawHandles.NoTranslation, 0u)));
    }
}
