using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>A device that has power while its file is open: it is stopped while it still has some.</summary>
[Category(Needs.PowerDomain), Category(Needs.Handles)]
internal sealed class PowerDomainTests : AbiTest
{
    // Takes any value and does nothing by itself: the first word of the source descriptor (UG1087, LPD_DMA).
    private static readonly Register<uint> s_source = new(0x128, "ZDMA_CH_SRC_DSCR_WORD0");

    private const uint Quiet = 0x12345678;
    private const string On = "on", Off = "off-0";

    private static RawQuiesceOp Write { get; } =
        new() { Kind = RawQuiesceOp.Write, Width = 32, Register = (ulong)s_source.Offset, Value = Quiet };

    private static RawQuiesceOp Poll { get; } =
        new() { Kind = RawQuiesceOp.Poll, Width = 32, Register = (ulong)s_source.Offset, Mask = uint.MaxValue, Value = Quiet };

    // The domain's name in the table of its driver, for number 5 in the machine's device tree.
    private static string Power => File.ReadAllText("/sys/kernel/debug/pm_genpd/usbd/current_state").Trim();

    private static long Quarantined => ImportAttribute.UnderTest("quarantined").Value;

    private static uint Source
    {
        get
        {
            using var device = UnderTest.OpenShared();
            return device.Registers.Read(s_source);
        }

        set
        {
            using var device = UnderTest.OpenShared();
            device.Registers.Write(s_source, value);
        }
    }

    [Test]
    public void Unbinding_stops_the_device_before_it_takes_its_power()
    {
        using var buffer = Buffer();
        Source = 0;
        Assert.That(RawHandles.SetQuiesce(Uio, Write, Poll), Is.Zero);
        RawHandles.Attached(Uio, buffer);
        Assert.That(Power, Is.EqualTo(On));

        UnderTest.Unbind(); // a device that had not stopped would be in the kernel log

        Assert.That(Attachments, Is.Zero);
        Assert.That(() => Power, Is.EqualTo(Off).After(Bound.LongMilliseconds, 50));
        UnderTest.Bind();
        Assert.That(Source, Is.EqualTo(Quiet), "the program was run");
    }

    [Test]
    public void A_device_that_does_not_stop_keeps_its_power_until_it_does()
    {
        using var buffer = Buffer();
        Source = 0;
        Uio.Dispose();
        Assert.That(Power, Is.EqualTo(Off), "nobody has it open");

        using (var file = RawUio.Open(UnderTest.DevicePath))
        {
            Assert.That(RawHandles.SetQuiesce(file, Poll), Is.Zero);
            RawHandles.Attached(file, buffer);
        }

        Assert.That((Quarantined, Power), Is.EqualTo((1, On)), "its registers are still asked");
        Source = Quiet;
        Assert.That(() => Quarantined, Is.Zero.After(Bound.LongMilliseconds, 50));
        Assert.That(() => Power, Is.EqualTo(Off).After(Bound.LongMilliseconds, 50));
    }
}
