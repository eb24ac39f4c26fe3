using UioInterop.Interop;

namespace UioInterop;

/// <summary>What kernel and device can do for an import, as the kernel says (UIO_IOC_QUERY in linux/uio/uio.h).</summary>
public sealed record UioFeatures
{
    internal UioFeatures() { }

    internal UioFeatures(in QueryArguments query)
    {
        AttachesByHandle = true;
        ExposesAddresses = (query.Features & QueryArguments.FeatureAddresses) != 0;
        WritesAddresses = (query.Features & QueryArguments.FeatureWriteAddress) != 0;
        RunsQuiescePrograms = (query.Features & QueryArguments.FeatureQuiesce) != 0;
        Translation = (DmaTranslation)query.Translation;
        AddressBits = (int)query.AddressBits;
        MaxMappings = (long)Math.Min(query.MaxMappings, long.MaxValue);
        MaxBytes = (long)Math.Min(query.MaxBytes, long.MaxValue);
        MaxQuiesceOperations = (int)query.MaxQuiesceOperations;
        MaxQuiesceTime = TimeSpan.FromMicroseconds(query.MaxQuiesceMicroseconds);
    }

    /// <summary>
    /// Whether the kernel attaches buffers by handle, in any number of ranges. If not, it has the ioctls of Xilinx's kernel, which
    /// take buffers of one range, or no import at all; the properties below are unknown then.
    /// </summary>
    public bool AttachesByHandle { get; }

    /// <summary>Whether the kernel exposes bus addresses. If not, <see cref="DmaMapping.Address"/> throws.</summary>
    public bool ExposesAddresses { get; } = true;

    /// <summary>
    /// Whether the kernel writes bus addresses into registers: <see cref="Registers.WriteAddress(Register{ulong}, TransferLease, long)"/>.
    /// </summary>
    public bool WritesAddresses { get; }

    /// <summary>Whether the kernel stops the device when the program dies: <see cref="UioDevice.SetQuiesceProgram"/>.</summary>
    public bool RunsQuiescePrograms { get; }

    /// <summary>What stands between the device and memory.</summary>
    public DmaTranslation Translation { get; } = DmaTranslation.Unknown;

    /// <summary>Width of the device's DMA mask; 0 when the device cannot do DMA, or it is not known.</summary>
    public int AddressBits { get; }

    /// <summary>How many buffers the device may have at once; 0 when it is not known.</summary>
    public long MaxMappings { get; }

    /// <summary>How many bytes they may have together; 0 when it is not known.</summary>
    public long MaxBytes { get; }

    /// <summary>How many operations a quiesce program may have.</summary>
    public int MaxQuiesceOperations { get; }

    /// <summary>How long the polls of a quiesce program may take together.</summary>
    public TimeSpan MaxQuiesceTime { get; }
}
