using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UioInterop.GuestTests.Support;

/// <summary>A copy of this process that attaches a buffer and ends: child.c.</summary>
internal sealed unsafe partial class CallingChild
{
    private readonly int _id;

    public CallingChild(SafeFileHandle uio, SafeFileHandle buffer)
    {
        var attach = new RawAttach
        {
            Size = (uint)sizeof(RawAttach), Fd = RawFile.Number(buffer), Direction = RawArguments.ToDevice,
        };
        _id = Call(RawFile.Number(uio), RawHandles.AttachCommand, &attach);
        Assert.That(_id, Is.Positive, "fork");
    }

    /// <summary>Sends it a signal, and returns what its call has ended with: 0 or an errno.</summary>
    public int Interrupt() => Interrupt(_id);

    [LibraryImport("guesttests", EntryPoint = "child_ioctl")]
    private static partial int Call(int file, uint command, void* argument);

    [LibraryImport("guesttests", EntryPoint = "child_interrupt")]
    private static partial int Interrupt(int child);
}
