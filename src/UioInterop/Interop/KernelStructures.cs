using System.Runtime.InteropServices;

namespace UioInterop.Interop;

// As linux/uio/uio.h lays them out; native/src/abi.c pins that.

/// <summary>struct uio_query.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct QueryArguments
{
    public const ulong FeatureAddresses = 1 << 1, FeatureWriteAddress = 1 << 2, FeatureQuiesce = 1 << 3;

    public uint Size, Flags;
    public ulong Features;
    public uint Translation, AddressBits;
    public ulong MaxMappings, MaxBytes;
    public uint MaxQuiesceOperations, MaxQuiesceMicroseconds;
}

/// <summary>struct uio_dmabuf_range.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RangeArguments
{
    public ulong Address, Length;
}

/// <summary>struct uio_dmabuf_write_address.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WriteAddressArguments
{
    public const uint Format32 = 1, Format64 = 2, FormatPair = 3;
    public const uint HighFirst = 1 << 1;

    public uint Size, Flags, Handle, Map;
    public ulong Offset, Length, Register, HighRegister;
    public uint Format, Reserved;
}

/// <summary>struct uio_quiesce_op.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct QuiesceArguments
{
    public const uint KindWrite = 1, KindModify = 2, KindPoll = 3;
    public const uint FlagDiffer = 1 << 1;

    public uint Kind, Flags, Map, Width;
    public ulong Register, Mask, Value;
    public uint TimeoutMicroseconds, Reserved;
}
