using Tmds.Linux;
using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Devices;

/// <summary>A PCI function that lost its UIO driver under the program: it may have another by now, and is left alone.</summary>
[Category(Needs.Handles)]
internal sealed class UnboundTests : EduTest
{
    private DmaBuf _buffer = null!;
    private DmaMapping _mapping = null!;
    private PciFunction _function = null!;

    [SetUp]
    public void Import()
    {
        _buffer = DmaHeap.Cma.Allocate(4096);
        _mapping = Edu.Device.Import(_buffer, DmaDirection.FromDevice);
        _function = PciFunction.Open(UnderTest.Name);
    }

    [TearDown]
    public void BindAgain()
    {
        _function.Dispose();
        _buffer.Dispose();
        UnderTest.Bind();
    }

    [Test]
    public void Its_interrupt_is_not_enabled()
    {
        UnderTest.Unbind();
        _function.InterruptDisabled = true;

        var error = Assert.Throws<UioException>(Edu.Device.EnableInterrupt)!;

        Assert.That((error.Call, error.Errno), Is.EqualTo(("write (irqcontrol)", LibC.EINVAL)));
        Assert.That(_function.InterruptDisabled, Is.True);
    }

    [Test]
    public void It_is_not_brought_to_rest()
    {
        UnderTest.Unbind();
        _function.BusMaster = false;

        var error = Assert.Throws<UioException>(Edu.Quiesce)!;

        Assert.That(error.Errno, Is.EqualTo(LibC.ENODEV));
        Assert.That(_function.BusMaster, Is.False);
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_transfer_that_was_under_way_is_over(bool hasQuiesce)
    {
        if (!hasQuiesce)
            Edu.Device.Quiesce = null;
        using var log = new EventLog();
        var lease = _mapping.BeginTransfer(0, Length);
        UnderTest.Unbind();
        _function.BusMaster = false;

        lease.Dispose();

        _buffer.BeginAccess(CpuAccessMode.Read).Dispose();
        _mapping.Dispose();
        Edu.Dispose();
        Assert.That(_function.BusMaster, Is.False);
        Assert.That(log.Of("QuiesceFailed"), Is.Empty);
    }
}
