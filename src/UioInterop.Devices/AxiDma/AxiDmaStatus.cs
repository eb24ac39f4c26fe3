namespace UioInterop.Devices;

/// <summary>What a channel of the AXI DMA says of itself: MM2S_DMASR or S2MM_DMASR (PG021).</summary>
[Flags]
public enum AxiDmaStatus
{
    /// <summary>It runs.</summary>
    None = 0,

    /// <summary>It does not run, and touches no memory.</summary>
    Halted = 1 << 0,

    /// <summary>It runs, and has nothing to do.</summary>
    Idle = 1 << 1,

    /// <summary>The core was built with the scatter-gather engine, and knows no direct transfers (SGIncld).</summary>
    HasScatterGather = 1 << 3,

    /// <summary>DMAIntErr: a packet that is longer than the memory given for it, or a descriptor without a length.</summary>
    InternalError = 1 << 4,

    /// <summary>DMASlvErr: who answers at an address of the data refused.</summary>
    SlaveError = 1 << 5,

    /// <summary>DMADecErr: nobody answers at an address of the data.</summary>
    DecodeError = 1 << 6,

    /// <summary>SGIntErr: a descriptor had been completed before.</summary>
    DescriptorInternalError = 1 << 8,

    /// <summary>SGSlvErr: who answers at the address of a descriptor refused.</summary>
    DescriptorSlaveError = 1 << 9,

    /// <summary>SGDecErr: nobody answers at the address of a descriptor.</summary>
    DescriptorDecodeError = 1 << 10,

    /// <summary>IOC_Irq: a packet is complete.</summary>
    Complete = 1 << 12,

    /// <summary>Dly_Irq: a time has passed since a packet.</summary>
    Delay = 1 << 13,

    /// <summary>Err_Irq: an error has halted the channel.</summary>
    Error = 1 << 14,
}
