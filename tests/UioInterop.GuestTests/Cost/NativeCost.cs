using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UioInterop.GuestTests.Cost;

/// <summary>The same in C: cost.c.</summary>
internal static partial class NativeCost
{
    private const string Library = "guesttests";

    /// <summary>Nanoseconds that reading the clock adds to each of these.</summary>
    [LibraryImport(Library, EntryPoint = "cost_clock")]
    public static partial long Clock();

    /// <summary>Nanoseconds for so many imports, each released again; negative when one failed.</summary>
    [LibraryImport(Library, EntryPoint = "cost_import")]
    public static partial long Import(SafeFileHandle uio, SafeFileHandle dmabuf, int rounds);

    /// <summary>Nanoseconds from raising edu's interrupt to the end of the wait for it; negative when it did not come.</summary>
    [LibraryImport(Library, EntryPoint = "cost_wait")]
    public static partial long Wait(SafeFileHandle uio, SafeFileHandle wake);
}
