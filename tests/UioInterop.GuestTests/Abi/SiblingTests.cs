using NUnit.Framework.Constraints;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>UIO devices of one parent share what is the parent's: its DMA mask, its segment size, its bus.</summary>
[Category(Needs.OddDevices)]
internal sealed class SiblingTests
{
    private const ulong Mask32 = uint.MaxValue, Mask40 = (1UL << 40) - 1;

    [SetUp]
    public void RegisterBoth() => OddDevices.Rebind();

    [Test]
    public void A_mask_does_not_change_under_a_mapping_of_the_other_one()
    {
        using var uio = RawUio.Open(OddDevices.PathOf("sibling-1"));
        using var buffer = OddDevices.Export();
        var handle = RawHandles.Attached(uio, buffer);

        Assert.That(() => MaskOf("sibling-2").Write("40"), IsBusy);
        Assert.That(OddDevices.AttributeOfSiblings("dma_mask"), Is.EqualTo(Mask32));

        Assert.That(RawHandles.Detach(uio, handle), Is.Zero);
        MaskOf("sibling-2").Write("40");
        Assert.That(MaskOf("sibling-1").Value, Is.EqualTo(40));
    }

    // It is busy from the moment on in which the exporter is asked.
    [Test, CancelAfter(60_000)]
    public async Task A_mask_does_not_change_under_an_attach_in_flight_and_does_not_wait_for_it(CancellationToken cancel)
    {
        using var uio = RawUio.Open(OddDevices.PathOf("sibling-1"));
        using var buffer = OddDevices.Export();
        Task<int> attach;
        using (OddDevices.HoldMapping())
        {
            attach = Task.Run(() => RawHandles.Attach(uio, buffer), cancel);
            Assert.That(() => OddDevices.IsHeld, Is.True.After(Bound.LongMilliseconds, 10));

            Assert.That(() => MaskOf("sibling-1").Write("40"), IsBusy);
            Assert.That(() => MaskOf("sibling-2").Write("40"), IsBusy);
            Assert.That(OddDevices.IsHeld, Is.True);
        }
        Assert.That(await attach, Is.Zero);
    }

    [TestCase(1, 2)]
    [TestCase(2, 1)]
    public void The_last_one_that_goes_restores_the_mask(int first, int last)
    {
        MaskOf($"sibling-{first}").Write("40");
        MaskOf($"sibling-{last}").Write("48");
        MaskOf($"sibling-{first}").Write("40");

        OddDevices.Unregister(first);
        Assert.That(OddDevices.AttributeOfSiblings("dma_mask"), Is.EqualTo(Mask40));

        OddDevices.Unregister(last);
        Assert.That(OddDevices.AttributeOfSiblings("dma_mask"), Is.EqualTo(Mask32));
    }

    [Test]
    public void One_keeps_its_mappings_when_the_other_goes()
    {
        using var uio = RawUio.Open(OddDevices.PathOf("sibling-1"));
        using var other = RawUio.Open(OddDevices.PathOf("sibling-2"));
        using var buffer = OddDevices.Export();
        var handle = RawHandles.Attached(uio, buffer);
        RawHandles.Attached(other, buffer);

        OddDevices.Unregister(2);

        Assert.That(DmaBufTable.AttachmentsOf(OddDevices.Siblings.Name), Is.EqualTo(1));
        Assert.That(RawHandles.AllRanges(uio, handle), Has.Count.EqualTo(1));
    }

    // A driver that does DMA of its own does it with that size: SCSI's default is the same number.
    [Test]
    public void The_segment_size_is_left_to_a_driver_that_is_no_generic_one()
    {
        using var uio = RawUio.Open(OddDevices.PathOf("sibling-1"));
        using var buffer = OddDevices.Export();

        RawHandles.Attached(uio, buffer);

        Assert.That(OddDevices.AttributeOfSiblings("max_seg_size"), Is.EqualTo(64 << 10));
    }

    // Built into the kernel both have no owner, or the same: that tells nothing. cnic does this with devices of bnx2.
    [Test]
    public void One_that_is_registered_for_a_bound_device_imports_nothing()
    {
        using var uio = RawUio.Open(OddDevices.PathOf("late"));
        using var buffer = OddDevices.Export();

        Assert.That(RawHandles.Attach(uio, buffer), Is.EqualTo(-LibCErrno.EOPNOTSUPP));
        Assert.That(RawHandles.Query(uio, out var query), Is.Zero);
        Assert.That((query.Features & RawHandles.ImportFeature, query.Translation, query.AddressBits),
            Is.EqualTo((0ul, RawHandles.NoTranslation, 0u)));
    }

    private static ImportAttribute MaskOf(string name) => new(OddDevices.PathOf(name), "dma_mask_bits");

    private static IResolveConstraint IsBusy =>
        Throws.InstanceOf<IOException>().With.Property(nameof(IOException.HResult)).EqualTo(LibCErrno.EBUSY);
}
