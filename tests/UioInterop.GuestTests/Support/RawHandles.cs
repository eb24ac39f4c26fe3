using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>struct uio_query.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RawQuery
{
    public uint Size, Flags;
    public ulong Features;
    public uint Translation, AddressBits;
    public ulong MaxMappings, MaxBytes;
    public uint MaxQuiesceOps, MaxQuiesceMicroseconds;

    /// <summary>As the first series has it: up to MaxBytes.</summary>
    public const uint FirstSeriesSize = 40;
}

/// <summary>struct uio_dmabuf_attach.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RawAttach
{
    public uint Size, Flags;
    public int Fd;
    public uint Direction, Handle, RangeCount;
    public ulong Length;

    /// <summary>In what the kernel answers: the device gets copies.</summary>
    public const uint Bounced = 1;
}

/// <summary>struct uio_dmabuf_detach.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RawDetach
{
    public uint Size, Flags, Handle, Reserved;
}

/// <summary>struct uio_dmabuf_range.</summary>
internal record struct RawRange(ulong Address, ulong Length);

/// <summary>struct uio_dmabuf_ranges.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct RawRanges
{
    public uint Size, Flags, Handle, First;
    public RawRange* Ranges;
    public uint Count, Total;
}

/// <summary>struct uio_dmabuf_write_address.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RawWriteAddress
{
    public const uint BigEndian = 1, HighFirst = 2;

    public uint Size, Flags, Handle, Map;
    public ulong Offset, Length, Register, HighRegister;
    public uint Format, Reserved;
}

/// <summary>struct uio_quiesce_op.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RawQuiesceOp
{
    public uint Kind, Flags, Map, Width;
    public ulong Register, Mask, Value;
    public uint TimeoutMicroseconds, Reserved;

    public const uint Write = 1, Modify = 2, Poll = 3;

    public const uint BigEndian = 1, Differ = 2;
}

/// <summary>struct uio_set_quiesce.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct RawSetQuiesce
{
    public uint Size, Flags;
    public RawQuiesceOp* Ops;
    public uint Count, OpSize;
}

/// <summary>struct uio_claim.</summary>
internal record struct RawClaim(uint Size, uint Flags);

/// <summary>The ioctls by handle as a C program calls them: numbers and layout, no library. 0, or the negative errno.</summary>
internal static unsafe class RawHandles
{
    public const uint QueryCommand = 0x5900, AttachCommand = 0x5901, DetachCommand = 0x5902, RangesCommand = 0x5903,
        WriteAddressCommand = 0x5904, SetQuiesceCommand = 0x5905, ClaimCommand = 0x5906;

    public static readonly uint[] Commands =
        [QueryCommand, AttachCommand, DetachCommand, RangesCommand, WriteAddressCommand, SetQuiesceCommand, ClaimCommand];

    public const uint Address32 = 1, Address64 = 2, AddressPair = 3;

    public const uint NoTranslation = 0, Strict = 3;

    public const ulong ImportFeature = 1;

    public static int Query(SafeFileHandle uio, out RawQuery query)
    {
        query = new RawQuery { Size = (uint)sizeof(RawQuery) };
        fixed (RawQuery* address = &query)
            return RawUio.Ioctl(uio, QueryCommand, address);
    }

    public static int Attach(SafeFileHandle uio, int fd, uint direction, out RawAttach attach)
    {
        attach = new RawAttach { Size = (uint)sizeof(RawAttach), Fd = fd, Direction = direction };
        fixed (RawAttach* address = &attach)
            return RawUio.Ioctl(uio, AttachCommand, address);
    }

    public static int Attach(SafeFileHandle uio, SafeFileHandle buffer, uint direction = RawArguments.ToDevice) =>
        Attach(uio, RawFile.Number(buffer), direction, out _);

    /// <summary>Attaches, and returns the handle.</summary>
    public static uint Attached(SafeFileHandle uio, SafeFileHandle buffer, uint direction = RawArguments.ToDevice)
    {
        Assert.That(Attach(uio, RawFile.Number(buffer), direction, out var attach), Is.Zero);
        return attach.Handle;
    }

    /// <summary>Attaches with an argument that the kernel can read and not write.</summary>
    public static int AttachInVain(SafeFileHandle uio, SafeFileHandle buffer)
    {
        using var page = new ReadOnlyPage();
        page.Fill(new RawAttach { Size = (uint)sizeof(RawAttach), Fd = RawFile.Number(buffer), Direction = RawArguments.Bidirectional });
        return RawUio.Ioctl(uio, AttachCommand, page.Address);
    }

    public static int Detach(SafeFileHandle uio, uint handle, uint reserved = 0)
    {
        var detach = new RawDetach { Size = (uint)sizeof(RawDetach), Handle = handle, Reserved = reserved };
        return RawUio.Ioctl(uio, DetachCommand, &detach);
    }

    public static int Ranges(SafeFileHandle uio, uint handle, uint first, Span<RawRange> ranges, out RawRanges result)
    {
        fixed (RawRange* array = ranges)
        {
            result = new RawRanges
            {
                Size = (uint)sizeof(RawRanges), Handle = handle, First = first, Ranges = array, Count = (uint)ranges.Length,
            };
            fixed (RawRanges* address = &result)
                return RawUio.Ioctl(uio, RangesCommand, address);
        }
    }

    /// <summary>All ranges of a mapping, asked for a few at a time.</summary>
    public static IReadOnlyList<RawRange> AllRanges(SafeFileHandle uio, uint handle, int atATime = 256)
    {
        var all = new List<RawRange>();
        var some = new RawRange[atATime];
        RawRanges result;
        do
        {
            Assert.That(Ranges(uio, handle, (uint)all.Count, some, out result), Is.Zero);
            all.AddRange(some[..(int)result.Count]);
        } while (all.Count < result.Total && result.Count > 0);
        return all;
    }

    public static int WriteAddress(SafeFileHandle uio, RawWriteAddress arguments)
    {
        arguments.Size = (uint)sizeof(RawWriteAddress);
        return RawUio.Ioctl(uio, WriteAddressCommand, &arguments);
    }

    public static int SetQuiesce(SafeFileHandle uio, params ReadOnlySpan<RawQuiesceOp> ops) =>
        SetQuiesce(uio, MemoryMarshal.AsBytes(ops), ops.Length, ops.IsEmpty ? 0 : sizeof(RawQuiesceOp));

    public static int Claim(SafeFileHandle uio, uint flags = 0)
    {
        var claim = new RawClaim((uint)sizeof(RawClaim), flags);
        return RawUio.Ioctl(uio, ClaimCommand, &claim);
    }

    /// <summary>With operations of any size.</summary>
    public static int SetQuiesce(SafeFileHandle uio, ReadOnlySpan<byte> ops, int count, int opSize)
    {
        fixed (byte* array = ops)
        {
            var arguments = new RawSetQuiesce
            {
                Size = (uint)sizeof(RawSetQuiesce), Ops = (RawQuiesceOp*)array, Count = (uint)count, OpSize = (uint)opSize,
            };
            return RawUio.Ioctl(uio, SetQuiesceCommand, &arguments);
        }
    }
}
