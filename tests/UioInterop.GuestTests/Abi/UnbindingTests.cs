using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>While unbinding waits for a buffer that is being mapped, nobody else waits.</summary>
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
}
