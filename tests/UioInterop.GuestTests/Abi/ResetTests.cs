using System.Text.RegularExpressions;
using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>A PCI function that did not stop, and that the bridge above it can reset.</summary>
[Category(Needs.OddDevices), Category(Needs.Direct)]
internal sealed class ResetTests
{
    // The log says of memory that is kept, which fails a test by itself.
    [Test]
    public void Unbinding_resets_it_and_its_memory_is_anybodys_again()
    {
        using var edu = BridgedEdu.Alone();
        var before = DmaBufTable.AttachmentsOf(edu.Device.Name);
        LeaveUnstopped(edu);

        edu.Device.Free();

        Assert.That(DmaBufTable.AttachmentsOf(edu.Device.Name), Is.EqualTo(before));
    }

    // Who resets it by hand has locked the bridge, and waits for unbinding to end. Neither may wait for the other.
    [Test, CancelAfter(60_000)]
    public async Task While_others_reset_it_unbinding_keeps_its_memory(CancellationToken cancel)
    {
        KernelLogCheckAttribute.Expect(new Regex("did not stop: the memory of 1 dma-bufs is kept from others until reboot"));
        using var edu = BridgedEdu.Alone();
        using var bystander = RawUio.Open(edu.DevicePath);
        var before = DmaBufTable.AttachmentsOf(edu.Device.Name);
        LeaveUnstopped(edu);

        var unbind = Task.Run(edu.Device.Free, cancel);
        Assert.That(() => RawHandles.Query(bystander, out _), Is.EqualTo(-LibC.ENODEV).After(Bound.LongMilliseconds, 10));
        var reset = Task.Run(() => File.WriteAllText($"{edu.Device.Folder}/reset", "1"), cancel);
        await Task.WhenAll(unbind, reset).WaitAsync(cancel);

        Assert.That(DmaBufTable.AttachmentsOf(edu.Device.Name), Is.EqualTo(before + 1));
    }

    // One buffer, in quarantine. Unbinding asks the device for a second.
    private static void LeaveUnstopped(BridgedEdu edu)
    {
        using var memory = DmaHeap.System.Allocate(4096);
        using var buffer = memory.DuplicateHandle();
        using (var file = RawUio.Open(edu.DevicePath))
        {
            // Its identification is odd.
            var never = new RawQuiesceOp { Kind = RawQuiesceOp.Poll, Width = 32, Mask = 1, Value = 0, TimeoutMicroseconds = 1_000_000 };
            Assert.That(RawHandles.SetQuiesce(file, never), Is.Zero);
            RawHandles.Attached(file, buffer);
        }
        Assert.That(new ImportAttribute(edu.DevicePath, "quarantined").Value, Is.EqualTo(1));
    }
}
