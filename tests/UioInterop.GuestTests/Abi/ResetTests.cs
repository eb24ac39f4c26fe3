using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>A PCI function that did not stop, and can be reset.</summary>
[Category(Needs.OddDevices), Category(Needs.Direct)]
internal sealed class ResetTests
{
    // The log says of memory that is kept, which fails a test by itself.
    [Test]
    public void Unbinding_resets_it_and_its_memory_is_anybodys_again()
    {
        using var edu = BridgedEdu.Alone();
        using var memory = DmaHeap.System.Allocate(4096);
        using var buffer = memory.DuplicateHandle();
        using (var file = RawUio.Open(edu.DevicePath))
        {
            // Its identification is odd.
            var never = new RawQuiesceOp { Kind = RawQuiesceOp.Poll, Width = 32, Mask = 1, Value = 0 };
            Assert.That(RawHandles.SetQuiesce(file, never), Is.Zero);
            RawHandles.Attached(file, buffer);
        }
        Assert.That(new ImportAttribute(edu.DevicePath, "quarantined").Value, Is.EqualTo(1));

        edu.Device.Free();

        Assert.That(DmaBufTable.AttachmentsOf(edu.Device.Name), Is.Zero);
    }
}
