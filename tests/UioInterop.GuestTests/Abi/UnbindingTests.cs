using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>While a buffer is being mapped, which can take any time, nobody else waits but who unbinds.</summary>
[Category(Needs.OddDevices)]
internal sealed class UnbindingTests : AbiTest
{
    [Test, CancelAfter(60_000)]
    public async Task Files_are_closed_and_their_mappings_taken_while_it_waits(CancellationToken cancel)
    {
        using var slow = OddDevices.Export();
        using var buffer = Buffer();
        using var bystander = RawUio.Open(UnderTest.DevicePath);
        using var owner = RawUio.Open(UnderTest.DevicePath);
        RawHandles.Attached(owner, buffer);
        Task<int> attach;
        Task unbind;
        using (OddDevices.HoldMapping())
        {
            attach = Task.Run(() => RawHandles.Attach(Uio, slow), cancel);
            Assert.That(() => OddDevices.IsHeld, Is.True.After(Bound.LongMilliseconds, 10));
            unbind = Task.Run(UnderTest.Unbind, cancel);
            Assert.That(() => RawHandles.Query(Uio, out _), Is.EqualTo(-LibC.ENODEV).After(Bound.LongMilliseconds, 10));

            bystander.Dispose();
            owner.Dispose();

            Assert.That((OddDevices.IsHeld, unbind.IsCompleted), Is.EqualTo((true, false)), "nobody has waited for the map");
        }
        try
        {
            Assert.That(await attach, Is.Zero.Or.EqualTo(-LibC.ENODEV));
            await unbind;
            Assert.That(Attachments, Is.Zero);
        }
        finally
        {
            UnderTest.Bind();
        }
    }

    [Test, CancelAfter(60_000)]
    public async Task Others_open_read_import_and_close_while_a_buffer_is_being_mapped(CancellationToken cancel)
    {
        using var slow = OddDevices.Export();
        using var buffer = Buffer();
        using var earlier = RawUio.Open(UnderTest.DevicePath);
        RawHandles.Attached(earlier, buffer);
        Task<int> attach;
        using (OddDevices.HoldMapping())
        {
            attach = Task.Run(() => RawHandles.Attach(Uio, slow), cancel);
            Assert.That(() => OddDevices.IsHeld, Is.True.After(Bound.LongMilliseconds, 10));

            earlier.Dispose();
            using (var later = RawFile.Open(UnderTest.DevicePath, LibC.O_RDWR | LibC.O_NONBLOCK))
            {
                Assert.That(RawHandles.Query(later, out _), Is.Zero);
                Assert.That(Read(later), Is.EqualTo(-LibC.EAGAIN));
                Assert.That(RawHandles.Detach(later, RawHandles.Attached(later, buffer)), Is.Zero);
                RawHandles.Attached(later, buffer);
            }
            Assert.That(RawHandles.Attach(Uio, buffer), Is.Zero, "in the same file");
            Assert.That(RawHandles.Attach(Uio, slow), Is.EqualTo(-LibC.EBUSY), "the same buffer");

            Assert.That((OddDevices.IsHeld, attach.IsCompleted), Is.EqualTo((true, false)), "nobody has waited for the map");
        }
        Assert.That(await attach, Is.Zero);
    }

    // The mapping counts before it is made.
    [Test, CancelAfter(60_000)]
    public async Task The_DMA_mask_is_refused_while_a_buffer_is_being_mapped_and_does_not_wait(CancellationToken cancel)
    {
        using var slow = OddDevices.Export();
        var mask = ImportAttribute.UnderTest("dma_mask_bits");
        var bits = mask.Value;
        Task<int> attach;
        Task unbind;
        using (OddDevices.HoldMapping())
        {
            attach = Task.Run(() => RawHandles.Attach(Uio, slow), cancel);
            Assert.That(() => OddDevices.IsHeld, Is.True.After(Bound.LongMilliseconds, 10));

            Assert.That(() => mask.Write($"{bits}"), Throws.InstanceOf<IOException>());
            unbind = Task.Run(UnderTest.Unbind, cancel);
            Assert.That(() => RawHandles.Query(Uio, out _), Is.EqualTo(-LibC.ENODEV).After(Bound.LongMilliseconds, 10));
            Assert.That(() => mask.Write($"{bits}"), Throws.InstanceOf<IOException>());

            Assert.That((OddDevices.IsHeld, unbind.IsCompleted), Is.EqualTo((true, false)), "nobody has waited for the map");
        }
        try
        {
            Assert.That(await attach, Is.Zero.Or.EqualTo(-LibC.ENODEV));
            await unbind;
        }
        finally
        {
            UnderTest.Bind();
        }
    }

    [Test]
    public void A_signal_ends_the_wait_where_the_exporter_lets_it([Values] bool canMove)
    {
        using var slow = OddDevices.Export(canMove);
        using var hold = OddDevices.HoldMapping(untilSignal: true);
        var child = new CallingChild(Uio, slow);
        Assert.That(() => OddDevices.IsHeld, Is.True.After(Bound.LongMilliseconds, 10));

        Assert.That((child.Interrupt(), Attachments), Is.EqualTo((LibC.EINTR, 0)));
    }

    private static unsafe int Read(SafeFileHandle uio)
    {
        uint count;
        return LibC.read(RawFile.Number(uio), &count, sizeof(uint)) < 0 ? -Marshal.GetLastPInvokeError() : (int)count;
    }
}
