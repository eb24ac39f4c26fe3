using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>A PCI device that reads as all ones is gone; a register of 8 bits may just have that value.</summary>
[Category(Needs.Pc), Category(Needs.Handles)]
internal sealed class ByteRegisterTests
{
    // Of the disk controller's first port: where its commands are, which it reads once it is started. Serial ATA AHCI 1.3.1, 3.3.1.
    private static readonly Register<uint> s_commandList = new(0x100, "PxCLB");

    [Test]
    public void With_all_bits_set_it_is_quiet_if_that_is_what_is_awaited()
    {
        SysDevice.Sata.Bind("uio_pci_generic");
        try
        {
            using var device = UioDevice.Open(UioDeviceId.FromParent(SysDevice.Sata.Name), new UioOpenOptions { IsExclusive = false });
            device.Registers.Write(s_commandList, ~0x3FFu);
            using var memory = DmaHeap.System.Allocate(4096);
            using var buffer = memory.DuplicateHandle();
            using (var file = RawUio.Open(device.Info.DevicePath))
            {
                var poll = new RawQuiesceOp { Kind = RawQuiesceOp.Poll, Register = 0x102, Width = 8, Mask = 0xF, Value = 0xF };
                Assert.That(RawHandles.SetQuiesce(file, poll), Is.Zero);
                RawHandles.Attached(file, buffer);
            }

            Assert.That(new ImportAttribute(device.Info.DevicePath, "quarantined").Value, Is.Zero);
        }
        finally
        {
            SysDevice.Sata.Free();
        }
    }
}
