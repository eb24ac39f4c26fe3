namespace UioInterop.Devices;

/// <summary>The status of a channel of the AXI DMA: MM2S_DMASR or S2MM_DMASR (PG021).</summary>
[Flags]
public enum AxiDmaStatus
{
    /// <summary>It runs.</summary>
    None = 0,

    /// <summary>It is halted, and touches no memory.</summary>
    Halted = 1 << 0,

    /// <summary>It runs, and waits for a descriptor or a length.</summary>
    Idle = 1 << 1,

    /// <summary>The core was built with the scatter-gather engine, and has no direct register mode (SGIncld).</summary>
    HasScatterGather = 1 << 3,

    /// <summary>DMAIntErr: a packet that is longer than the memory given for it, or a descriptor without a length.</summary>
    InternalError = 1 << 4,

    /// <summary>DMASlvErr: the slave at an address of the data refused the access.</summary>
    SlaveError = 1 << 5,

    /// <summary>DMADecErr: no slave is at an address of the data.</summary>
    DecodeError = 1 << 6,

    /// <summary>SGIntErr: a descriptor had been completed before.</summary>
    DescriptorInternalError = 1 << 8,

    /// <summary>SGSlvErr: the slave at the address of a descriptor refused the access.</summary>
    DescriptorSlaveError = 1 << 9,

    /// <summary>SGDecErr: no slave is at the address of a descriptor.</summary>
    DescriptorDecodeError = 1 << 10,

    /// <summary>IOC_Irq: a packet is complete.</summary>
    Complete = 1 << 12,

    /// <summary>Dly_Irq: a time has passed since a packet.</summary>
    Delay = 1 << 13,

    /// <summary>Err_Irq: an error has halted the channel.</summary>
    Error = 1 << 14,
}
