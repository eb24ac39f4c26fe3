using Microsoft.Win32.SafeHandles;

namespace UioInterop.Interop;

/// <summary>Memory from mmap: shared, readable and most of it writable, not inherited by child processes.</summary>
internal sealed unsafe class MemoryMap : SafeHandleMinusOneIsInvalid
{
    private MemoryMap(nint address, long length, bool writable) : base(ownsHandle: true)
    {
        SetHandle(address);
        Length = length;
        IsWritable = writable;
    }

    public long Length { get; }

    public bool IsWritable { get; }

    public byte* Address => (byte*)handle;

    /// <summary>Maps a file. Returns 0, or a negative errno and no map.</summary>
    public static int Create(SafeFileHandle file, long offset, long length, out MemoryMap? map, bool writable = true)
    {
        int result = Syscalls.Map(file, offset, length, writable, out nint address);
        map = result < 0 ? null : new MemoryMap(address, length, writable);
        return result;
    }

    /// <summary>
    /// Lets go of the file but keeps the addresses, with plain memory behind them: a thread in the middle of an access
    /// then hits that, and not a hole. The addresses themselves go when nobody can reach this object any more.
    /// </summary>
    public void Retire() => Syscalls.ReplaceMap(handle, Length);

    protected override bool ReleaseHandle() => Syscalls.Unmap(handle, Length) >= 0;
}
