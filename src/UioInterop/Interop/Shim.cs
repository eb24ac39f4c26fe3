using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UioInterop.Interop;

/// <summary>
/// libuiodmabuf.so, declared one to one. Each function is described in native/include/uiodmabuf.h.
/// </summary>
/// <remarks>
/// Results are zero or a descriptor, or a negative errno; EINTR never comes back. The caller makes handles of descriptors: only
/// the caller knows which call to name on failure. A function takes a descriptor as a number where its caller keeps it open by
/// other means; a handle would count its users on each call.
/// </remarks>
internal static unsafe partial class Shim
{
    public const string Library = "uiodmabuf";

    /// <summary>DMA_BUF_SYNC_* of linux/dma-buf.h.</summary>
    public const ulong SyncRead = 1, SyncWrite = 2, SyncEnd = 4;

    /// <summary>UDMABUF_FLAGS_CLOEXEC of linux/udmabuf.h.</summary>
    public const uint UdmabufCloseOnExec = 1;

    [LibraryImport(Library, EntryPoint = "uiodmabuf_map")]
    public static partial int Map(int uio, int dmabuf, uint direction, out ulong address, out ulong length);

    [LibraryImport(Library, EntryPoint = "uiodmabuf_unmap")]
    public static partial int Unmap(int uio, int dmabuf);

    [LibraryImport(Library, EntryPoint = "uiodmabuf_query")]
    public static partial int Query(SafeFileHandle uio, out QueryArguments query);

    [LibraryImport(Library, EntryPoint = "uiodmabuf_attach")]
    public static partial int Attach(int uio, int dmabuf, uint direction, out uint handle, out uint rangeCount, out ulong length);

    [LibraryImport(Library, EntryPoint = "uiodmabuf_detach")]
    public static partial int Detach(int uio, uint handle);

    [LibraryImport(Library, EntryPoint = "uiodmabuf_ranges")]
    public static partial int Ranges(int uio, uint handle, uint first, RangeArguments* ranges, uint count);

    [LibraryImport(Library, EntryPoint = "uiodmabuf_write_address")]
    public static partial int WriteAddress(int uio, in WriteAddressArguments write);

    [LibraryImport(Library, EntryPoint = "uiodmabuf_set_quiesce")]
    public static partial int SetQuiesce(int uio, QuiesceArguments* operations, uint count);

    [LibraryImport(Library, EntryPoint = "uiodmabuf_claim")]
    public static partial int Claim(SafeFileHandle uio);

    [LibraryImport(Library, EntryPoint = "uiodmabuf_heap_alloc")]
    public static partial int HeapAlloc(SafeFileHandle heap, ulong length, uint fdFlags);

    [LibraryImport(Library, EntryPoint = "uiodmabuf_sync")]
    public static partial int Sync(SafeFileHandle dmabuf, ulong flags);

    [LibraryImport(Library, EntryPoint = "uiodmabuf_set_name", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetName(SafeFileHandle dmabuf, string name);

    [LibraryImport(Library, EntryPoint = "uiodmabuf_udmabuf_create")]
    public static partial int UdmabufCreate(SafeFileHandle udmabuf, SafeFileHandle memfd, uint flags, ulong offset, ulong size);

    [LibraryImport(Library, EntryPoint = "uiodmabuf_wait")]
    public static partial int Wait(int uio, int wake, ref long nanoseconds, out uint count);

    // Each is one load or store and never blocks, so the GC transition is suppressed. The functions above may block.

    [SuppressGCTransition, LibraryImport(Library, EntryPoint = "uiodmabuf_read8")]
    public static partial byte Read8(void* address);

    [SuppressGCTransition, LibraryImport(Library, EntryPoint = "uiodmabuf_read16")]
    public static partial ushort Read16(void* address);

    [SuppressGCTransition, LibraryImport(Library, EntryPoint = "uiodmabuf_read32")]
    public static partial uint Read32(void* address);

    [SuppressGCTransition, LibraryImport(Library, EntryPoint = "uiodmabuf_read64")]
    public static partial ulong Read64(void* address);

    [SuppressGCTransition, LibraryImport(Library, EntryPoint = "uiodmabuf_write8")]
    public static partial void Write8(void* address, byte value);

    [SuppressGCTransition, LibraryImport(Library, EntryPoint = "uiodmabuf_write16")]
    public static partial void Write16(void* address, ushort value);

    [SuppressGCTransition, LibraryImport(Library, EntryPoint = "uiodmabuf_write32")]
    public static partial void Write32(void* address, uint value);

    [SuppressGCTransition, LibraryImport(Library, EntryPoint = "uiodmabuf_write64")]
    public static partial void Write64(void* address, ulong value);

    [SuppressGCTransition, LibraryImport(Library, EntryPoint = "uiodmabuf_write8_relaxed")]
    public static partial void Write8Relaxed(void* address, byte value);

    [SuppressGCTransition, LibraryImport(Library, EntryPoint = "uiodmabuf_write16_relaxed")]
    public static partial void Write16Relaxed(void* address, ushort value);

    [SuppressGCTransition, LibraryImport(Library, EntryPoint = "uiodmabuf_write32_relaxed")]
    public static partial void Write32Relaxed(void* address, uint value);

    [SuppressGCTransition, LibraryImport(Library, EntryPoint = "uiodmabuf_write64_relaxed")]
    public static partial void Write64Relaxed(void* address, ulong value);
}
