namespace UioInterop.Devices;

/// <summary>A channel of the AXI DMA met an error, which halted it. It has been reset, and can be used again.</summary>
public sealed class AxiDmaException : IOException
{
    internal const AxiDmaStatus Errors =
        AxiDmaStatus.InternalError | AxiDmaStatus.SlaveError | AxiDmaStatus.DecodeError
        | AxiDmaStatus.DescriptorInternalError | AxiDmaStatus.DescriptorSlaveError | AxiDmaStatus.DescriptorDecodeError;

    internal AxiDmaException(string channel, DmaDirection direction, AxiDmaStatus status)
        : base($"{channel} met an error: {status & Errors} (DMASR 0x{(uint)status:x}): {Remedy(direction, status)}.") => Status = status;

    /// <summary>Makes one without a status.</summary>
    public AxiDmaException() { }

    /// <summary>Makes one without a status.</summary>
    /// <param name="message">What happened.</param>
    public AxiDmaException(string message) : base(message) { }

    /// <summary>Makes one without a status.</summary>
    /// <param name="message">What happened.</param>
    /// <param name="innerException">What led to it.</param>
    public AxiDmaException(string message, Exception innerException) : base(message, innerException) { }

    /// <summary>What the channel said.</summary>
    public AxiDmaStatus Status { get; }

    private static string Remedy(DmaDirection direction, AxiDmaStatus status) => status switch
    {
        _ when status.HasFlag(AxiDmaStatus.DecodeError) || status.HasFlag(AxiDmaStatus.DescriptorDecodeError) =>
            "the address is not in the core's address map: see the Address Editor of the block diagram, whether all memory is "
                + "assigned to the port, and dma-ranges in the device tree",
        _ when status.HasFlag(AxiDmaStatus.SlaveError) || status.HasFlag(AxiDmaStatus.DescriptorSlaveError) =>
            "the slave at the address refused the access: see protection (XMPU, TrustZone) and the width of the port",
        _ when status.HasFlag(AxiDmaStatus.InternalError) && direction == DmaDirection.FromDevice
            && !status.HasFlag(AxiDmaStatus.HasScatterGather) =>
            "usually the packet was longer than the memory given for it: receive into more, or have the core "
                + "before it send shorter packets",
        _ when status.HasFlag(AxiDmaStatus.DescriptorInternalError) =>
            "a descriptor was used twice: does another program drive this core?",
        _ => "the length does not fit the core: see the width of its length register (AxiDmaOptions.LengthWidth)",
    };
}
