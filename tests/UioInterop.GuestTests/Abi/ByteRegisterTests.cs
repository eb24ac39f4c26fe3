using System.Text.RegularExpressions;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>A PCI device that reads as all ones is gone; a register of 8 bits may just have that value.</summary>
[Category(Needs.OddDevices)]
internal sealed class ByteRegisterTests
{
    // Of QEMU's shared memory device, which reads as it was written: docs/specs/ivshmem-spec.txt.
    private static readonly Register<uint> s_interruptMask = new(0, "interrupt mask");

    [Test]
    public void With_all_bits_set_it_is_quiet_if_that_is_what_is_awaited()
    {
        KernelLogCheckAttribute.Expect(new Regex("No IRQ assigned to device"));
        LargeRegisters.Device.Bind("uio_pci_generic");
        try
        {
            using var device =
                UioDevice.Open(UioDeviceId.FromParent(LargeRegisters.Device.Name), new UioOpenOptions { IsExclusive = false });
            device.Registers.Write(s_interruptMask, ~0u);
            using var memory = DmaHeap.System.Allocate(4096);
            using var buffer = memory.DuplicateHandle();
            using (var file = RawUio.Open(device.Info.DevicePath))
            {
                var poll = new RawQuiesceOp { Kind = RawQuiesceOp.Poll, Width = 8, Mask = 0xFF, Value = 0xFF };
                Assert.That(RawHandles.SetQuiesce(file, poll), Is.Zero);
                RawHandles.Attached(file, buffer);
            }

            Assert.That(new ImportAttribute(device.Info.DevicePath, "quarantined").Value, Is.Zero);
        }
        finally
        {
            LargeRegisters.Device.Free();
        }
    }
}
