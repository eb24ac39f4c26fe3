namespace UioInterop;

/// <summary>What the CPU does with a buffer inside of a scope.</summary>
/// <remarks>READ and WRITE of DMA_BUF_IOCTL_SYNC, see Documentation/driver-api/dma-buf.rst, "CPU Access to DMA Buffer Objects".</remarks>
[Flags]
public enum CpuAccessMode
{
    /// <summary>Nothing; not a mode.</summary>
    None = 0,

    /// <summary>The CPU reads: it sees what the device wrote before the scope began.</summary>
    Read = 1,

    /// <summary>The CPU writes: the device sees it after the scope has ended.</summary>
    Write = 2,

    /// <summary>Both.</summary>
    ReadWrite = Read | Write,
}
