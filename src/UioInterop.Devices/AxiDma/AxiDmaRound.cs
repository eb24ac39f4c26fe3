namespace UioInterop.Devices;

/// <summary>How far a cyclic channel has come around its ring: PG021, "Cyclic DMA Mode".</summary>
/// <remarks>
/// The channel sets Cmplt of each descriptor, again and again. Counting a descriptor clears it, so a set Cmplt is new. If all are set,
/// or the channel is past a descriptor without it, the channel has come round. Then only CURDESC says where it is. Whether the
/// descriptor there is done is not known until the next one is.
/// </remarks>
internal sealed class AxiDmaRound(RingEngine engine, AxiDmaPort port, DmaBuf descriptors, DeviceAddress first, int[] lengths)
{
    private const int Attempts = 16;

    private int _next; // what comes next
    private bool _isUnsure; // whether it may be done

    // A ring is much shorter than 4 GiB.
    private int Now => (int)((port.Current - (uint)first.Value) / AxiDmaDescriptor.Length);

    /// <summary>Counts the parts that the channel has filled, and notes their lengths.</summary>
    public int Count()
    {
        int count = lengths.Length;
        int passed = Distance(_next, Now); // read first: the descriptors before it have their status by now
        int filled = 0;
        using (CpuAccess cpu = descriptors.BeginAccess(CpuAccessMode.ReadWrite))
        {
            if (_isUnsure && passed > 0 && !AxiDmaDescriptor.IsComplete(cpu.Span, _next))
            {
                Take(cpu.Span);
                filled++;
            }

            for (; filled < count && AxiDmaDescriptor.IsComplete(cpu.Span, _next); filled++)
                Take(cpu.Span);
        }

        // The channel may still point at the last one, and be done with it.
        return filled < count && (filled >= passed || passed == count - 1) ? filled : Resume(filled);
    }

    // Of rounds that were not seen, one is counted: the parts that the program has not taken are lost.
    private int Resume(int filled)
    {
        int count = lengths.Length;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            int now = Now;
            using (CpuAccess cpu = descriptors.BeginAccess(CpuAccessMode.ReadWrite))
            {
                for (int i = 0; i < count; i++)
                    lengths[i] = AxiDmaDescriptor.TakeBytes(cpu.Span, i);
            }

            if (Now != now)
                continue;

            filled += Distance(_next, now) + (filled < count ? count : 0);
            (_next, _isUnsure) = (now, true);
            return filled;
        }

        throw new IOException($"{engine} goes round faster than this program can look: give it longer parts, or more of them.");
    }

    private void Take(Span<byte> ring)
    {
        lengths[_next] = AxiDmaDescriptor.TakeBytes(ring, _next);
        _next = (_next + 1) % lengths.Length;
        _isUnsure = false;
    }

    private int Distance(int from, int to) => (to - from + lengths.Length) % lengths.Length;
}
