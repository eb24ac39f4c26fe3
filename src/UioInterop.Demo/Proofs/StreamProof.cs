using System.Runtime.InteropServices;
using UioInterop.Demo.Engines;
using UioInterop.Devices;

namespace UioInterop.Demo.Proofs;

/// <summary>
/// Packets come for ever into a ring of buffers. The program has each buffer until it gives it back. Keeping all of them stops
/// the stream, and nothing is lost; closing the device ends it.
/// </summary>
internal static class StreamProof
{
    private const int Parts = 8;
    private const int Length = 4096;
    private const int Rounds = 16;

    public static async Task<bool> RunAsync()
    {
        Print.Title("Proof: a stream runs, waits for the program, and ends");

        var dma = StreamingAxiDma.Open(AxiDmaEngine.Name);
        Task<string> source;
        bool good;
        try
        {
            dma.Receiver.Begin(Parts, Length);
            Print.Step($"began        to receive into a ring of {Parts} buffers of {Length} bytes");
            source = SendUntilClosedAsync(dma);
            good = await ReceiveAsync(dma.Receiver);
        }
        finally
        {
            // Closes while the source is at work, as when a program ends at any time.
            dma.Dispose();
        }

        Print.Step($"closed       the device while packets were sent; the source says: {await source}");
        return good;
    }

    private static async Task<bool> ReceiveAsync(AxiDmaReceiveRing ring)
    {
        uint next = 0;
        for (; next < Rounds * Parts; next++)
        {
            using RingPart part = await ring.ReceiveAsync(Bound.OfWait);
            if (Number(part) != next)
                return Print.Verdict(false, "", $"packet {next} is not there, but packet {Number(part)}");
        }

        Print.Verdict(true, $"{next} packets came, each in its turn, {Rounds} times around the ring", "");

        var kept = new RingPart[Parts];
        for (int i = 0; i < Parts; i++)
            kept[i] = await ring.ReceiveAsync(Bound.OfWait);
        using var enough = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        bool waits = await IsSilentAsync(ring, enough.Token);
        foreach (RingPart part in kept)
        {
            waits &= Number(part) == next++;
            part.Dispose();
        }

        using RingPart following = await ring.ReceiveAsync(Bound.OfWait);
        return Print.Verdict(waits,
            $"with all {Parts} kept for 100 ms the stream waited, and overwrote none",
            "the stream went on into buffers that were the program's")
            & Print.Verdict(Number(following) == next && ring.Overruns == 0,
            "given back, it went on with the packet that was next: none was lost",
            $"packet {next} was lost");
    }

    private static async Task<bool> IsSilentAsync(AxiDmaReceiveRing ring, CancellationToken token)
    {
        try
        {
            (await ring.ReceiveAsync(Bound.OfWait, token)).Dispose();
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    // Returns what it is told at the end.
    private static async Task<string> SendUntilClosedAsync(StreamingAxiDma dma)
    {
        using DeviceBuffer<uint> packet = dma.Sender.Device.Allocate<uint>(Length / sizeof(uint), DmaDirection.ToDevice);
        try
        {
            for (uint number = 0; ; number++)
            {
                packet.Fill(number);
                await dma.SendAsync(packet, Bound.OfWait);
            }
        }
        catch (Exception error) when (error is InvalidOperationException or OperationCanceledException)
        {
            return error.Message;
        }
    }

    private static uint Number(RingPart part)
    {
        using CpuAccess cpu = part.BeginRead();
        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>(cpu.Span);
        return words.ContainsAnyExcept(words[0]) ? uint.MaxValue : words[0];
    }
}
