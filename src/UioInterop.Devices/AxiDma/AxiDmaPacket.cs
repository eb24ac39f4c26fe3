namespace UioInterop.Devices;

/// <summary>One packet for a channel of the AXI DMA.</summary>
public readonly struct AxiDmaPacket
{
    internal AxiDmaPacket(DmaSegments segments, AxiDmaReceipt receipt) => (Segments, Receipt) = (segments, receipt);

    internal DmaSegments Segments { get; }

    internal AxiDmaReceipt Receipt { get; }
}

/// <summary>The length of a packet, in bytes. Reused for later packets.</summary>
internal sealed class AxiDmaReceipt
{
    public long Bytes { get; set; }
}
