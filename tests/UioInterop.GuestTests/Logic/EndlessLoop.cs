using System.Buffers.Binary;
using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Logic;

/// <summary>
/// An AXI DMA that sends one packet again and again (PG021, "Cyclic DMA Mode") and receives it around a ring, without a program: what
/// a process leaves behind that dies in the middle of a stream.
/// </summary>
internal sealed class EndlessLoop : IDisposable
{
    public const byte Sent = 0x5a;
    public const int Length = 4096;

    // MM2S of PG021, "AXI DMA Register Address Map", and the bits of its DMACR.
    private static readonly Register<uint> s_control = new(0x00, "MM2S_DMACR");
    private static readonly Register<uint> s_current = new(0x08, "MM2S_CURDESC");
    private static readonly Register<uint> s_tail = new(0x10, "MM2S_TAILDESC");
    private const uint Run = 1, Cyclic = 1 << 4;
    private const uint StartOfFrame = 1 << 27, EndOfFrame = 1 << 26;

    private readonly StreamingAxiDma _dma;

    private EndlessLoop(StreamingAxiDma dma) => _dma = dma;

    public UioDevice Device => _dma.Sender.Device;

    /// <param name="target">What is received into, four packets long at least.</param>
    public static EndlessLoop Begin(DmaBuf target)
    {
        var loop = new EndlessLoop(AxiDmaCore.Polled.OpenStreaming(isCyclic: true));

        // As Bidirectional: the process that gave it syncs it, and does not know of this mapping.
        var into = loop.Device.Import(target, DmaDirection.Bidirectional);
        loop._dma.Receiver.Begin([.. Enumerable.Range(0, (int)(target.Length / Length))
            .Select(part => new TransferPart(into, part * Length, Length))]);
        loop.Send();
        return loop;
    }

    /// <summary>Waits until something has come.</summary>
    public string WaitForSome()
    {
        _dma.Receiver.Receive(Bound.Long).Dispose();
        return "it streams";
    }

    public void Dispose() => _dma.Dispose();

    private void Send()
    {
        var packet = DmaHeap.Cma.Allocate(Length);
        packet.Fill(Sent);
        var data = Device.Import(packet, DmaDirection.ToDevice).Address;
        var descriptor = DmaHeap.Cma.Allocate(4096);
        var at = Device.Import(descriptor, DmaDirection.Bidirectional).Address;
        using (var cpu = descriptor.BeginAccess(CpuAccessMode.Write))
        {
            // "Scatter Gather Descriptor": the next is this one, and it is all of a packet.
            BinaryPrimitives.WriteUInt64LittleEndian(cpu.Span, at.Value);
            BinaryPrimitives.WriteUInt64LittleEndian(cpu.Span[0x08..], data.Value);
            BinaryPrimitives.WriteUInt32LittleEndian(cpu.Span[0x18..], Length | StartOfFrame | EndOfFrame);
        }

        Device.Registers.Write(s_current, (uint)at.Value);
        Device.Registers.Write(s_control, Run | Cyclic);
        Device.Registers.Write(s_tail, (uint)at.Value + 0x40);
    }
}
