using UioInterop.Devices;

namespace UioInterop.Demo;

/// <summary>Memory to device to memory, all by DMA.</summary>
internal static class RoundTrip
{
    private const int Length = 2 * 4096;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    public static bool Run(EduDevice edu)
    {
        Print.Title("Round trip: source -> device -> destination");

        DmaHeap heap = Machine.HeapFor(edu.Device.Info);
        using DmaBuf source = heap.Allocate(Length);
        using DmaBuf destination = heap.Allocate(Length);
        Print.Step($"allocated    two dma-bufs of {Length} bytes from {heap}");

        using (CpuAccess cpu = source.BeginAccess(CpuAccessMode.Write))
            Pattern.Fill(cpu.Span);
        Print.Step("filled       the source with a pattern, by the CPU");

        using DmaMapping from = edu.Device.Import(source, DmaDirection.ToDevice);
        using DmaMapping to = edu.Device.Import(destination, DmaDirection.FromDevice);
        Print.Step($"imported     the source at {from.Address}, {from.Length} bytes, {from.Direction}");
        Print.Step($"imported     the destination at {to.Address}, {to.Length} bytes, {to.Direction}");

        // The device's buffer is smaller than ours.
        for (int offset = 0; offset < Length; offset += EduDevice.MaxTransfer)
        {
            InterruptCount read = edu.CopyToDevice(from, offset, EduDevice.MaxTransfer, Timeout);
            InterruptCount written = edu.CopyFromDevice(to, offset, EduDevice.MaxTransfer, Timeout);
            Print.Step($"copied       {from.Address + offset} -> device -> {to.Address + offset}, interrupts {read.Total} and {written.Total}, missed {read.Missed + written.Missed}");
        }

        using CpuAccess before = source.BeginAccess(CpuAccessMode.Read);
        using CpuAccess after = destination.BeginAccess(CpuAccessMode.Read);
        return Print.Verdict(after.Span.SequenceEqual(before.Span),
            $"all {Length} bytes arrived, and the CPU moved none of them",
            $"the destination differs from byte {after.Span.CommonPrefixLength(before.Span)} on");
    }
}
