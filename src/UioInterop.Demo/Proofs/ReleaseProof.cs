using UioInterop.Demo.Engines;

namespace UioInterop.Demo.Proofs;

/// <summary>
/// The device writes into a buffer, and the program lets go of the buffer in the middle. Without an IOMMU nothing but the
/// library's order protects who gets the memory next: the device is stopped, or awaited, first.
/// </summary>
internal static class ReleaseProof
{
    private const byte NextOwners = 0x11;

    // A busy machine can let a write of 100 ms end before the next line of this program.
    private const int Attempts = 5;

    public static bool Run(IEngine engine)
    {
        Print.Title("Proof: a buffer is let go when the device is done with it, not before");

        for (int attempt = 1; attempt <= Attempts; attempt++)
        {
            bool safe = ReleaseWhileWriting(engine, out bool wasUnderWay);
            if (wasUnderWay || !safe)
                return safe;
        }

        Print.Step("not shown    this engine's writes were over before the release, each time");
        return true;
    }

    private static bool ReleaseWhileWriting(IEngine engine, out bool wasUnderWay)
    {
        int length = engine.CopyLength;
        using DmaBuf victim = Machine.HeapFor(engine.Device.Info).Allocate(length);
        using var cancel = new CancellationTokenSource();
        DmaMapping mapping = engine.Device.Import(victim, DmaDirection.FromDevice);

        Task write = engine.BeginWrite(mapping, cancel.Token);
        wasUnderWay = engine.IsBusy;
        Print.Step($"started      a write of the device to {Machine.Where(mapping)}, {(wasUnderWay ? "under way" : "over already")}");

        mapping.Dispose();
        bool busyAfter = engine.IsBusy;
        Print.Step($"released     the buffer; the device is {(busyAfter ? "busy" : "idle")}");

        using (CpuAccess cpu = victim.BeginAccess(CpuAccessMode.Write))
            cpu.Span.Fill(NextOwners);

        cancel.Cancel();
        Print.Step($"the write    {Outcome(write)}");
        bool later = CanWriteElsewhere(engine);

        using CpuAccess after = victim.BeginAccess(CpuAccessMode.Read);
        int touched = after.Span.IndexOfAnyExcept(NextOwners);
        bool safe = !busyAfter && later && touched < 0;
        if (!wasUnderWay && safe)
            return true;

        return Print.Verdict(!busyAfter, "the release came when the device was idle", "the device was busy after the release")
            & Print.Verdict(later, "the device works on, in another buffer", "the device does not work any more")
            & Print.Verdict(touched < 0, $"all {after.Span.Length} bytes are what the next owner wrote",
                $"the device overwrote the next owner's bytes from {touched} on");
    }

    // It also takes time: a late write would be in the buffer by its end.
    private static bool CanWriteElsewhere(IEngine engine)
    {
        using DmaBuf other = Machine.HeapFor(engine.Device.Info).Allocate(engine.CopyLength);
        using DmaMapping mapping = engine.Device.Import(other, DmaDirection.FromDevice);
        Task write = engine.BeginWrite(mapping, CancellationToken.None);
        Outcome(write);
        return write.IsCompletedSuccessfully;
    }

    private static string Outcome(Task write)
    {
        try
        {
            write.GetAwaiter().GetResult();
            return "was done";
        }
        catch (Exception error) when (error is OperationCanceledException or InvalidOperationException or TimeoutException)
        {
            return $"was stopped: {error.Message}";
        }
    }
}
