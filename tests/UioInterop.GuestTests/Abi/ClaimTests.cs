using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>One open file has the device.</summary>
[Category(Needs.Handles)]
internal sealed class ClaimTests : AbiTest
{
    [Test]
    public void One_file_has_the_device_until_it_is_released()
    {
        using var other = RawUio.Open(UnderTest.DevicePath);
        Assert.That(RawHandles.Claim(Uio), Is.Zero);

        Assert.That(RawHandles.Claim(other), Is.EqualTo(-LibC.EBUSY));
        Assert.That(RawHandles.Claim(Uio), Is.Zero, "who has it");

        Uio.Dispose();
        Assert.That(RawHandles.Claim(other), Is.Zero);
    }

    [Test]
    public void Query_reports_a_claim_and_to_the_claimant_its_holder()
    {
        using var other = RawUio.Open(UnderTest.DevicePath);
        Assert.That(RawHandles.Claim(Uio), Is.Zero);

        Assert.That(File.ReadAllLines($"/proc/self/fdinfo/{RawFile.Number(Uio)}"), Does.Contain("claim:\t1"));
        Assert.That(File.ReadAllLines($"/proc/self/fdinfo/{RawFile.Number(other)}"), Does.Contain("claim:\t0"));
    }

    [Test]
    public void Others_attach_nothing_meanwhile()
    {
        using var buffer = Buffer();
        using var other = RawUio.Open(UnderTest.DevicePath);
        Assert.That(RawHandles.Claim(Uio), Is.Zero);

        Assert.That(RawHandles.Attach(other, buffer), Is.EqualTo(-LibC.EBUSY));
        Assert.That(RawHandles.Attach(Uio, buffer), Is.Zero);
        Assert.That(Attachments, Is.EqualTo(1));
    }

    [Test, Category(Needs.Direct)]
    public void Others_map_nothing_by_the_boards_ioctl_meanwhile()
    {
        using var buffer = Buffer();
        using var other = RawUio.Open(UnderTest.DevicePath);
        Assert.That(RawHandles.Claim(Uio), Is.Zero);

        Assert.That(RawUio.Map(other, buffer), Is.EqualTo(-LibC.EBUSY));
        Assert.That(RawUio.Map(Uio, buffer), Is.Zero);
    }

    [Test]
    public void Attached_buffers_keep_others_from_claiming()
    {
        using var buffer = Buffer();
        using var other = RawUio.Open(UnderTest.DevicePath);
        var handle = RawHandles.Attached(other, buffer);

        Assert.That(RawHandles.Claim(Uio), Is.EqualTo(-LibC.EBUSY));
        Assert.That(RawHandles.Claim(other), Is.Zero, "who attached it");
        Assert.That(RawHandles.Detach(other, handle), Is.Zero);
        other.Dispose();
        Assert.That(RawHandles.Claim(Uio), Is.Zero);
    }

    // uio_pci_generic switches bus mastering off when any file is closed.
    [Test, Category(Needs.Edu)]
    public void The_end_of_another_file_leaves_the_device_alone_and_that_of_the_claimant_does_not()
    {
        using var function = PciFunction.Open(UnderTest.Name);
        function.BusMaster = true;
        Assert.That(RawHandles.Claim(Uio), Is.Zero);

        RawUio.Open(UnderTest.DevicePath).Dispose();
        Assert.That(function.BusMaster, Is.True);

        Uio.Dispose();
        Assert.That(function.BusMaster, Is.False);
    }

    [Test, Category(Needs.Edu)]
    public void Without_a_claim_the_end_of_another_file_stops_the_device()
    {
        using var function = PciFunction.Open(UnderTest.Name);
        function.BusMaster = true;

        RawUio.Open(UnderTest.DevicePath).Dispose();

        Assert.That(function.BusMaster, Is.False);
    }

    [Test]
    public void A_read_only_file_claims_nothing()
    {
        using var readOnly = RawUio.Open(UnderTest.DevicePath, writable: false);

        Assert.That(RawHandles.Claim(readOnly), Is.EqualTo(-LibC.EACCES));
    }

    [Test]
    public void There_is_nothing_to_claim_once_the_driver_is_unbound()
    {
        UnderTest.Unbind();
        try
        {
            Assert.That(RawHandles.Claim(Uio), Is.EqualTo(-LibC.ENODEV));
        }
        finally
        {
            UnderTest.Bind();
        }
    }
}
