using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Devices;

/// <summary>
/// A channel of Xilinx's ZDMA engine by its bare registers, one copy at a time ("simple mode"): that the machine's
/// device, its interrupt and the import work together. Registers: Zynq UltraScale+ Devices Register Reference (UG1087),
/// module ZDMA.
/// </summary>
[Category(Needs.Zdma), Category(Needs.Import)]
internal sealed class ZdmaRegisterTests
{
    private const int InterruptStatus = 0x100; // ZDMA_CH_ISR
    private const int InterruptEnable = 0x108; // ZDMA_CH_IEN
    private const int SourceDescriptor = 0x128; // ZDMA_CH_SRC_DSCR_WORD0
    private const int DestinationDescriptor = 0x138; // ZDMA_CH_DST_DSCR_WORD0
    private const int Control2 = 0x200; // ZDMA_CH_CTRL2
    private const uint DmaDone = 1 << 10;
    private const uint AllInterrupts = 0xfff;
    private const uint Start = 1;

    private const int Length = 64 << 10;
    private static readonly TimeSpan s_timeout = Bound.Long;

    [Test]
    public void Copies_between_imported_buffers_arrive_with_one_interrupt_each()
    {
        UnderTest.Bind();
        using var device = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name));
        var registers = device.Registers;
        using var source = DmaHeap.Cma.Allocate(Length);
        using var destination = DmaHeap.Cma.Allocate(Length);
        using var outgoing = device.Import(source, DmaDirection.ToDevice);
        using var incoming = device.Import(destination, DmaDirection.FromDevice);
        WriteDescriptor(registers, SourceDescriptor, outgoing);
        WriteDescriptor(registers, DestinationDescriptor, incoming);
        registers.Write32(InterruptStatus, AllInterrupts);
        registers.Write32(InterruptEnable, DmaDone);

        for (var round = 0; round < 3; round++)
        {
            var pattern = Buffers.Pattern(Length, seed: 20 + round);
            Buffers.Fill(source, pattern);

            registers.Write32(Control2, Start);

            Assert.That(device.TryWaitForInterrupt(s_timeout, out var count), Is.True, "an interrupt");
            var status = registers.Read32(InterruptStatus);
            registers.Write32(InterruptStatus, status);
            device.EnableInterrupt();
            Assert.That((status & DmaDone, count.SinceLastWait), Is.EqualTo((DmaDone, 1u)));
            Assert.That(Buffers.Read(destination, Length), Is.EqualTo(pattern));
        }
        Assert.That(device.TryWaitForInterrupt(TimeSpan.FromMilliseconds(10), out _), Is.False, "no fourth interrupt");
    }

    // linux,uio-name, so that a program need not know addresses or the order of probing.
    [Test, Category(Needs.GenericUio)]
    public void A_node_of_the_device_tree_is_found_by_the_name_it_gives_itself()
    {
        using var device = UioDevice.Open(UioDeviceId.FromName("zdma1"));

        Assert.That((device.Info.ParentName, device.Info.Driver), Is.EqualTo(("ffa90000.dma", "uio_pdrv_genirq")));
        Assert.That(device.Registers.Info.PhysicalAddress, Is.EqualTo(0xffa90000));
    }

    // Address, low and high; length; flags, of which the defaults do.
    private static void WriteDescriptor(Registers registers, int at, DmaMapping mapping)
    {
        registers.Write32(at, (uint)mapping.Address.Value);
        registers.Write32(at + 4, (uint)(mapping.Address.Value >> 32));
        registers.Write32(at + 8, Length);
        registers.Write32(at + 12, 0);
    }
}
