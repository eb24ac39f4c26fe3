using System.Buffers.Binary;

namespace UioInterop.GuestTests.Logic;

/// <summary>What becomes of a descriptor in memory.</summary>
internal delegate void DescriptorChange(Span<byte> descriptor);

/// <summary>
/// The descriptors that an AXI DMA channel has been given, in memory: PG021, "Scatter Gather Descriptor". A test changes them behind the
/// driver's back, as a program would that went astray.
/// </summary>
internal static class AxiDmaDescriptors
{
    public const int Next = 0x00, Buffer = 0x08, Control = 0x18, Status = 0x1c;

    private const int Length = 64, PageLength = 4096;

    // "AXI DMA Register Address Map"
    private static readonly Register<uint> s_send = new(0x08, "MM2S_CURDESC"), s_receive = new(0x38, "S2MM_CURDESC");

    /// <summary>Changes the descriptor behind the one that the channel works on, or is about to.</summary>
    public static void ChangeSecond(UioDevice device, DmaDirection direction, DescriptorChange change)
    {
        var current = device.Registers.Read(direction == DmaDirection.FromDevice ? s_receive : s_send);
        foreach (var buffer in device.Mappings.Where(each => each.Direction == DmaDirection.Bidirectional).Select(each => each.Buffer))
        {
            using var cpu = buffer.BeginAccess(CpuAccessMode.ReadWrite);
            var next = BinaryPrimitives.ReadUInt32LittleEndian(cpu.Span[(int)(current % PageLength)..]);
            if (next / PageLength != current / PageLength)
                continue;

            change(cpu.Span.Slice((int)(next % PageLength), Length));
            return;
        }

        Assert.Fail("no buffer has the channel's descriptors");
    }
}
