namespace UioInterop.Devices;

/// <summary>What a ZDMA channel reports in ZDMA_CH_ISR, under the names of its manual (UG1087, module ZDMA).</summary>
[Flags]
public enum ZynqMpDmaEvents : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>INV_APB: an access to a register that there is not.</summary>
    InvalidRegister = 1 << 0,

    /// <summary>SRC_DSCR_DONE: a source descriptor with an interrupt is done.</summary>
    SourceDescriptorDone = 1 << 1,

    /// <summary>DST_DSCR_DONE: a destination descriptor with an interrupt is done.</summary>
    DestinationDescriptorDone = 1 << 2,

    /// <summary>BYTE_CNT_OVRFL: the count of all bytes has wrapped. No error.</summary>
    ByteCountOverflow = 1 << 3,

    /// <summary>IRQ_SRC_ACCT_ERR: the count of source descriptors has wrapped.</summary>
    SourceCountOverflow = 1 << 4,

    /// <summary>IRQ_DST_ACCT_ERR: the count of destination descriptors has wrapped.</summary>
    DestinationCountOverflow = 1 << 5,

    /// <summary>AXI_RD_SRC_DSCR: the bus refused to read a source descriptor.</summary>
    SourceDescriptorReadError = 1 << 6,

    /// <summary>AXI_RD_DST_DSCR: the bus refused to read a destination descriptor.</summary>
    DestinationDescriptorReadError = 1 << 7,

    /// <summary>AXI_RD_DATA: the bus refused to read the source.</summary>
    ReadError = 1 << 8,

    /// <summary>AXI_WR_DATA: the bus refused to write the destination.</summary>
    WriteError = 1 << 9,

    /// <summary>DMA_DONE: all is copied.</summary>
    Done = 1 << 10,

    /// <summary>DMA_PAUSE: the channel paused, as a descriptor told it to.</summary>
    Paused = 1 << 11,
}

/// <summary>A ZDMA channel gave up a copy. It has been brought to rest; the destination may be written in part.</summary>
public sealed class ZynqMpDmaException : IOException
{
    internal const ZynqMpDmaEvents Errors =
        ZynqMpDmaEvents.InvalidRegister | ZynqMpDmaEvents.SourceDescriptorReadError
        | ZynqMpDmaEvents.DestinationDescriptorReadError | ZynqMpDmaEvents.ReadError | ZynqMpDmaEvents.WriteError;

    /// <summary>Describes the failure.</summary>
    /// <param name="device">The channel's device.</param>
    /// <param name="events">What the channel reported.</param>
    public ZynqMpDmaException(UioDeviceInfo device, ZynqMpDmaEvents events)
        : base($"{device} reported an error of its DMA: {events & Errors} (ZDMA_CH_ISR 0x{(uint)events:x3}).")
    {
        Events = events;
    }

    /// <summary>What the channel reported: ZDMA_CH_ISR as it was read.</summary>
    public ZynqMpDmaEvents Events { get; }
}
