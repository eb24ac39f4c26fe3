using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>struct uio_dmabuf_args byte by byte, padding included.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
internal struct RawArguments
{
    [FieldOffset(0)] public int Fd;
    [FieldOffset(8)] public ulong Address;
    [FieldOffset(16)] public ulong Size;
    [FieldOffset(24)] public byte Direction;

    public const byte Bidirectional = 1;
    public const byte ToDevice = 2;
    public const byte FromDevice = 3;
    public const byte None = 4;
}

/// <summary>The import as a program written for the boards calls it: numbers and layout, no library.</summary>
internal static unsafe class RawUio
{
    public const uint MapCommand = 0xC0205501;
    public const uint UnmapCommand = 0xC0205502;

    public static SafeFileHandle Open(string path = "/dev/uio0", bool writable = true) =>
        RawFile.Open(path, writable ? LibC.O_RDWR : LibC.O_RDONLY);

    public static int Map(SafeFileHandle uio, int fd, byte direction, out RawArguments result)
    {
        result = new RawArguments { Fd = fd, Direction = direction };
        return Ioctl(uio, MapCommand, ref result);
    }

    public static int Map(SafeFileHandle uio, SafeFileHandle buffer, byte direction = RawArguments.Bidirectional) =>
        Map(uio, RawFile.Number(buffer), direction, out _);

    /// <summary>Maps a buffer for the device to write, and tells where.</summary>
    public static DeviceAddress MapForWriting(SafeFileHandle uio, DmaBuf buffer)
    {
        using var file = buffer.DuplicateHandle();
        Assert.That(Map(uio, RawFile.Number(file), RawArguments.FromDevice, out var mapped), Is.Zero);
        return new DeviceAddress(mapped.Address);
    }

    public static int Unmap(SafeFileHandle uio, int fd)
    {
        var arguments = new RawArguments { Fd = fd };
        return Ioctl(uio, UnmapCommand, ref arguments);
    }

    public static int Unmap(SafeFileHandle uio, SafeFileHandle buffer) => Unmap(uio, RawFile.Number(buffer));

    public static int Ioctl(SafeFileHandle uio, uint command, ref RawArguments arguments)
    {
        fixed (RawArguments* address = &arguments)
            return Ioctl(uio, command, address);
    }

    /// <summary>0, or the negative errno.</summary>
    public static int Ioctl(SafeFileHandle uio, uint command, void* argument) =>
        LibC.ioctl(RawFile.Number(uio), unchecked((int)command), argument) < 0 ? -Marshal.GetLastPInvokeError() : 0;
}
