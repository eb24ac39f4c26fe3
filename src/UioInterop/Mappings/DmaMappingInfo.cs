namespace UioInterop;

/// <summary>What a device has of a buffer, at one moment: see <see cref="UioDevice.Mappings"/>.</summary>
public sealed record DmaMappingInfo
{
    internal DmaMappingInfo(Attachment attachment)
    {
        Buffer = attachment.Buffer;
        Direction = attachment.Direction;
        Length = attachment.Length;
        RangeCount = attachment.RangeCount;
        IsInTransfer = !attachment.IsIdle;
    }

    /// <summary>The buffer.</summary>
    public DmaBuf Buffer { get; }

    /// <summary>What the device does with it.</summary>
    public DmaDirection Direction { get; }

    /// <summary>How much of it is mapped, in bytes.</summary>
    public long Length { get; }

    /// <summary>In how many ranges the device sees it.</summary>
    public int RangeCount { get; }

    /// <summary>Whether a transfer of it was under way.</summary>
    public bool IsInTransfer { get; }

    /// <summary>The mapping in words: <c>ToDevice, 4096 bytes of dma-buf of 4096 bytes from system</c>.</summary>
    public override string ToString() => $"{Direction}, {Length} bytes of {Buffer}{(IsInTransfer ? ", in transfer" : "")}";
}
