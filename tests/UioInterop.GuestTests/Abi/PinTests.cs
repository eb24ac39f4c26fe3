using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>
/// What an exporter sees of an attachment, a letter each: Attach, Pin, Map, uNmap, Unpin, Detach, Release. dma-buf itself pins
/// a second time while a buffer that can move is mapped: the kernel has no CONFIG_DMABUF_MOVE_NOTIFY.
/// </summary>
[Category(Needs.OddDevices)]
internal sealed class PinTests : AbiTest
{
    // Some exporters would let the memory go at detach, before a lazy IOMMU has forgotten it.
    [Test]
    public void A_buffer_that_can_move_is_pinned_while_it_is_mapped()
    {
        using var buffer = OddDevices.Export(canMove: true);
        OddDevices.History();

        var handle = RawHandles.Attached(Uio, buffer, RawArguments.FromDevice);
        Assert.That(OddDevices.History(), Is.EqualTo("APPM"));

        Assert.That(RawHandles.Detach(Uio, handle), Is.Zero);
        Assert.That(OddDevices.History(), Is.EqualTo("NUUD"));
    }

    // In between a lazy IOMMU is flushed, once for all of them.
    [Test]
    public void Of_a_file_all_mappings_end_before_any_memory_is_let_go()
    {
        foreach (var canMove in new[] { true, false })
        {
            OddDevices.History();
            using (var file = RawUio.Open(UnderTest.DevicePath))
            {
                for (var i = 0; i < 2; i++)
                {
                    using var buffer = OddDevices.Export(canMove);
                    RawHandles.Attached(file, buffer);
                }
                Assert.That(OddDevices.History(), Is.EqualTo(canMove ? "APPMAPPM" : "AMAM"));
            }
            Assert.That(OddDevices.History(), Is.EqualTo(canMove ? "NUNUUDUDRR" : "NDNDRR"));
        }
    }

    [Test]
    public void A_buffer_that_is_attached_is_not_moved_and_one_that_was_is()
    {
        using var buffer = OddDevices.Export(canMove: true);
        var handle = RawHandles.Attached(Uio, buffer);

        Assert.That(OddDevices.Move, Throws.InstanceOf<IOException>(), "it is pinned");
        Assert.That(RawHandles.Detach(Uio, handle), Is.Zero);
        Assert.That(OddDevices.Move, Throws.Nothing);
    }

    [TestCase('P', "APD")]
    [TestCase('M', "APPMUUD")]
    public void What_the_exporter_refuses_leaves_nothing(char refused, string history)
    {
        using var buffer = OddDevices.Export(canMove: true);
        OddDevices.History();
        using (OddDevices.Refuse(refused))
            Assert.That(RawHandles.Attach(Uio, buffer), Is.EqualTo(-LibC.ENXIO));
        Assert.That((OddDevices.History(), Attachments), Is.EqualTo((history, 0)));

        RawHandles.Attached(Uio, buffer);
        Assert.That(Attachments, Is.EqualTo(1), "later it lets it go");
    }

    [Test, Category(Needs.Iommu)]
    public void Of_a_device_that_did_not_stop_all_mappings_end_before_any_memory_is_let_go()
    {
        Attach(canMove: true);
        Assert.That(OddDevices.History(), Is.EqualTo("APPMAPPM"));
        UnderTest.Unbind();
        Assert.That(OddDevices.History(), Is.EqualTo("NUNUUDUDRR"));

        UnderTest.Bind();
        Attach(canMove: false);
        Assert.That(OddDevices.History(), Is.EqualTo("AMAM"));
        UnderTest.Unbind();
        Assert.That(OddDevices.History(), Is.EqualTo("NDNDRR"));
        UnderTest.Bind();
    }

    // Two buffers, in quarantine.
    private static void Attach(bool canMove)
    {
        OddDevices.History();
        using (var file = RawUio.Open(UnderTest.DevicePath))
        {
            // edu's identification is odd.
            var never = new RawQuiesceOp { Kind = RawQuiesceOp.Poll, Width = 32, Mask = 1, Value = 0 };
            Assert.That(RawHandles.SetQuiesce(file, never), Is.Zero);
            using var first = OddDevices.Export(canMove);
            using var second = OddDevices.Export(canMove);
            RawHandles.Attached(file, first);
            RawHandles.Attached(file, second);
        }
        Assert.That(ImportAttribute.UnderTest("quarantined").Value, Is.EqualTo(2));
    }
}
