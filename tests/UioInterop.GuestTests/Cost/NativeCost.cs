using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UioInterop.GuestTests.Cost;

/// <summary>The same in C: cost.c.</summary>
internal static partial class NativeCost
{
    private const string Library = "cost";

    /// <summary>Nanoseconds for so many imports, each released again; negative when one failed.</summary>
    [LibraryImport(Library, EntryPoint = "cost_import")]
    public static partial long Import(SafeFileHandle uio, SafeFileHandle dmabuf, int rounds);

    /// <summary>Nanoseconds for a wait whose interrupt has come already; negative when it had not.</summary>
    [LibraryImport(Library, EntryPoint = "cost_wait")]
    public static partial long Wait(SafeFileHandle uio, SafeFileHandle wake);
}
