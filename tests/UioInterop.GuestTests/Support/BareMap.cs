using System.Runtime.InteropServices;
using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>A buffer in memory without a scope around it: what the library does not let anybody do.</summary>
internal sealed unsafe class BareMap : IDisposable
{
    private readonly void* _address;
    private readonly int _length;

    public BareMap(DmaBuf buffer)
    {
        using var file = buffer.DuplicateHandle();
        _length = checked((int)buffer.Length);
        _address = LibC.mmap(null, _length, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, RawFile.Number(file), 0);
        if (_address == LibC.MAP_FAILED)
            throw new IOException($"mmap of {buffer}: errno {Marshal.GetLastPInvokeError()}");
    }

    public Span<byte> Span => new(_address, _length);

    public void Dispose() => LibC.munmap(_address, _length);
}
