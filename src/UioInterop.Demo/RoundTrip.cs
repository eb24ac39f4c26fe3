using UioInterop.Demo.Engines;

namespace UioInterop.Demo;

/// <summary>Memory to device to memory, all by DMA.</summary>
internal static class RoundTrip
{
    public static bool Run(IEngine engine)
    {
        Print.Title("Round trip: source -> device -> destination");

        int length = engine.CopyLength;
        DmaHeap heap = Machine.HeapFor(engine.Device.Info);
        using DmaBuf source = heap.Allocate(length);
        using DmaBuf destination = heap.Allocate(length);
        Print.Step($"allocated    two dma-bufs of {length} bytes from {heap}");

        using (CpuAccess cpu = source.BeginAccess(CpuAccessMode.Write))
            Pattern.Fill(cpu.Span);
        Print.Step("filled       the source with a pattern, by the CPU");

        using DmaMapping from = engine.Device.Import(source, DmaDirection.ToDevice);
        using DmaMapping to = engine.Device.Import(destination, DmaDirection.FromDevice);
        Print.Step($"imported     the source at {Machine.Where(from)}, {from.Length} bytes, {from.Direction}");
        Print.Step($"imported     the destination at {Machine.Where(to)}, {to.Length} bytes, {to.Direction}");

        engine.Copy(from, to, length);

        using CpuAccess before = source.BeginAccess(CpuAccessMode.Read);
        using CpuAccess after = destination.BeginAccess(CpuAccessMode.Read);
        return Print.Verdict(after.Span.SequenceEqual(before.Span),
            $"all {length} bytes arrived, and the CPU moved none of them",
            $"the destination differs from byte {after.Span.CommonPrefixLength(before.Span)} on");
    }
}
