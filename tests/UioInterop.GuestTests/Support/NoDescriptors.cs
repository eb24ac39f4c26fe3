using System.Runtime.InteropServices;
using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>While it lives, the process gets no new descriptor, or only so many: RLIMIT_NOFILE.</summary>
internal sealed unsafe class NoDescriptors : IDisposable
{
    private const int NumberOfFiles = 7; // RLIMIT_NOFILE
    private static readonly int s_prlimit64 = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 261 : 302;

    private readonly ulong _soft;
    private readonly ulong _hard;

    public NoDescriptors(int but = 0)
    {
        var limits = stackalloc ulong[2];
        LibC.syscall(s_prlimit64, 0, NumberOfFiles, null, limits);
        (_soft, _hard) = (limits[0], limits[1]);
        Set((ulong)Descriptors.Free.ElementAt(but)); // what is open stays open
    }

    public void Dispose() => Set(_soft);

    private void Set(ulong soft)
    {
        var limits = stackalloc ulong[] { soft, _hard };
        LibC.syscall(s_prlimit64, 0, NumberOfFiles, limits, null);
    }
}
