using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Cost;

/// <summary>The first page of a device's registers, as C sees it.</summary>
internal sealed unsafe class BareRegisters(SafeFileHandle uio) : IDisposable
{
    private const int Size = 4096;
    private readonly void* _first = LibC.mmap(null, Size, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, RawFile.Number(uio), 0);

    public uint* At(int offset) => (uint*)((byte*)_first + offset);

    public void Dispose() => LibC.munmap(_first, Size);
}
