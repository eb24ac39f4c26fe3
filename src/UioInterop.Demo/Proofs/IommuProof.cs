using System.Diagnostics;
using System.Globalization;
using UioInterop.Devices;

namespace UioInterop.Demo.Proofs;

/// <summary>
/// The device is told to write into a buffer, and the buffer is unmapped before it does. The write must not arrive.
/// </summary>
internal static class IommuProof
{
    private const byte Untouched = 0x11;

    // A busy machine can let 100 ms pass between two lines of this program.
    private const int Attempts = 5;

    public static bool Run(EduDevice edu)
    {
        Print.Title("Proof: after the unmap, the device cannot reach the buffer");

        for (int attempt = 1; attempt <= Attempts; attempt++)
        {
            bool safe = UnmapBeforeTheWrite(edu, out bool cameFirst);
            if (cameFirst)
                return safe;
        }

        return Print.Verdict(false, "", $"the write came before the unmap, {Attempts} times: this machine is too busy for a proof");
    }

    private static bool UnmapBeforeTheWrite(EduDevice edu, out bool cameFirst)
    {
        using DmaBuf victim = DmaHeap.System.Allocate(EduDevice.MaxTransfer);
        using (CpuAccess cpu = victim.BeginAccess(CpuAccessMode.Write))
            cpu.Span.Fill(Untouched);

        using KernelLog log = KernelLog.OpenAtEnd();
        DmaMapping mapping = edu.Device.Import(victim, DmaDirection.FromDevice);
        DeviceAddress address = mapping.Address;
        Print.Step($"imported     a buffer full of 0x{Untouched:x2} at {address}");

        // The device's buffer still holds the end of the round trip's pattern.
        edu.Start(EduTransfer.FromDevice, address, EduDevice.MaxTransfer);
        long started = Stopwatch.GetTimestamp();
        Print.Step($"started      a write of the device to {address}, due in 100 ms");

        mapping.Dispose();
        TimeSpan unmapped = Stopwatch.GetElapsedTime(started);
        cameFirst = edu.IsBusy;
        Print.Step($"unmapped     the buffer {unmapped.TotalMilliseconds:0.0} ms later");

        bool done = edu.TryWaitForCompletion(Bound.OfWait, out InterruptCount count);
        Print.Step(done ? $"interrupt    {count.Total} after {Stopwatch.GetElapsedTime(started).TotalMilliseconds:0} ms: the "
            + "device believes that it wrote" : "no interrupt came");

        if (!cameFirst)
        {
            Print.Step("again        the write may have come before the unmap");
            return true;
        }

        bool faulted = TryFindFault(log, address, out string fault);
        Print.Step(faulted ? $"kernel log   {fault}" : "kernel log   nothing");

        using CpuAccess after = victim.BeginAccess(CpuAccessMode.Read);
        int touched = after.Span.IndexOfAnyExcept(Untouched);

        return Print.Verdict(done, "the unmap came first, the device's write second", "the device did not end its write")
            & Print.Verdict(faulted, "the IOMMU refused the write", "the IOMMU reported no fault")
            & Print.Verdict(touched < 0, $"all {after.Span.Length} bytes are still 0x{Untouched:x2}",
                $"the device overwrote the buffer from byte {touched} on");
    }

    /// <summary>The line with which an IOMMU driver reports the fault. Each has its own words; the address is in all.</summary>
    private static bool TryFindFault(KernelLog log, DeviceAddress address, out string fault)
    {
        string digits = address.Value.ToString("x", CultureInfo.InvariantCulture);
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) is var passed && passed < Bound.OfWait
            && log.TryRead(Bound.OfWait - passed, out KernelMessage message))
        {
            fault = message.Text;
            if (fault.Contains(digits, StringComparison.Ordinal))
                return true;
        }

        fault = "";
        return false;
    }
}
