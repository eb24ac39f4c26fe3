using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>The ioctls as a program for i386 makes them: there 64 bits are aligned to four bytes.</summary>
[Category(Needs.X64)]
internal sealed unsafe partial class CompatTests : AbiTest
{
    private const uint MapCommand = 0xC0185501, UnmapCommand = 0xC0185502;

    /// <summary>struct uio_dmabuf_args there.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 4, Size = 24)]
    private struct Arguments
    {
        public int Fd;
        public ulong Address, Size;
        public byte Direction;
    }

    [Test]
    public void The_boards_ioctls_have_numbers_and_a_layout_of_their_own()
    {
        using var buffer = Buffer();
        var arguments = new Arguments { Fd = RawFile.Number(buffer), Direction = RawArguments.ToDevice };
        Assert.That(Ioctl(Uio, MapCommand, &arguments, sizeof(Arguments)), Is.Zero);
        Assert.That((arguments.Fd, arguments.Size, arguments.Direction, Attachments),
            Is.EqualTo((RawFile.Number(buffer), 4096, RawArguments.ToDevice, 1)));
        Assert.That(arguments.Address, Is.Not.Zero);

        arguments = new Arguments { Fd = RawFile.Number(buffer) };
        Assert.That(Ioctl(Uio, UnmapCommand, &arguments, sizeof(Arguments)), Is.Zero);
        Assert.That((arguments.Fd, arguments.Address, arguments.Size, Attachments), Is.EqualTo((0, 0, 0, 0)));
    }

    [Test]
    public void A_mapping_of_i386_is_that_of_any_program()
    {
        using var buffer = Buffer();
        var arguments = new Arguments { Fd = RawFile.Number(buffer), Direction = RawArguments.ToDevice };
        Assert.That(Ioctl(Uio, MapCommand, &arguments, sizeof(Arguments)), Is.Zero);

        Assert.That(RawUio.Map(Uio, buffer), Is.EqualTo(-LibC.EBUSY));
        Assert.That(RawUio.Unmap(Uio, buffer), Is.Zero);
    }

    // Its members lie where they lie everywhere.
    [Test, Category(Needs.Handles)]
    public void The_import_by_handle_is_the_same_there()
    {
        using var buffer = Buffer();
        var query = new RawQuery { Size = (uint)sizeof(RawQuery) };
        Assert.That(Ioctl(Uio, RawHandles.QueryCommand, &query, sizeof(RawQuery)), Is.Zero);
        Assert.That(query.MaxMappings, Is.Positive);

        var attach = new RawAttach { Size = (uint)sizeof(RawAttach), Fd = RawFile.Number(buffer), Direction = RawArguments.ToDevice };
        Assert.That(Ioctl(Uio, RawHandles.AttachCommand, &attach, sizeof(RawAttach)), Is.Zero);
        Assert.That(RawHandles.Detach(Uio, attach.Handle), Is.Zero);
    }

    [Test]
    public void An_unknown_command_is_ENOTTY_there_too()
    {
        var arguments = new Arguments();
        Assert.That(Ioctl(Uio, 0xC0185503, &arguments, sizeof(Arguments)), Is.EqualTo(-LibC.ENOTTY));
    }

    private static int Ioctl(SafeFileHandle uio, uint command, void* arguments, int size) =>
        Ioctl(RawFile.Number(uio), command, arguments, (uint)size);

    [LibraryImport("guesttests", EntryPoint = "compat_ioctl")]
    private static partial int Ioctl(int uio, uint command, void* arguments, uint size);
}
