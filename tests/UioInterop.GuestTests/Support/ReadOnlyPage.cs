using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>A page that the kernel can read from but not copy to.</summary>
internal sealed unsafe class ReadOnlyPage : IDisposable
{
    private const int Size = 4096;

    public void* Address { get; } =
        LibC.mmap(null, Size, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_PRIVATE | LibC.MAP_ANONYMOUS, -1, 0);

    public void Fill<T>(T arguments) where T : unmanaged
    {
        LibC.mprotect(Address, Size, LibC.PROT_READ | LibC.PROT_WRITE);
        *(T*)Address = arguments;
        LibC.mprotect(Address, Size, LibC.PROT_READ);
    }

    public void Dispose() => LibC.munmap(Address, Size);
}
