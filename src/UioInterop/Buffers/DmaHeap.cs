using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// A place to allocate buffers from: a Linux dma-heap in /dev/dma_heap. It holds nothing open, so there is nothing to
/// dispose.
/// </summary>
/// <remarks>Thread-safe. See Documentation/userspace-api/dma-buf-heaps.rst.</remarks>
public sealed class DmaHeap
{
    internal const string Folder = "/dev/dma_heap";

    // What kernels call the default CMA area: "reserved" without a device tree node, otherwise the node's name.
    private static readonly string[] CmaNames = ["reserved", "default_cma_region", "linux,cma", "linux,cma-pool", "cma"];

    private DmaHeap(string name) => Name = name;

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its node: <c>/dev/dma_heap/system</c>.</summary>
    public string DevicePath => $"{Folder}/{Name}";

    /// <summary>
    /// The system heap: memory in pieces. Behind an IOMMU that translates a device sees it as one range, otherwise as several
    /// (<see cref="DmaMapping.Ranges"/>), or gets EINVAL of a kernel that has only the boards' ioctls.
    /// </summary>
    /// <exception cref="UioException">ENOENT: the kernel has none.</exception>
    public static DmaHeap System => Open("system");

    /// <summary>The heap of the default CMA area: memory in one piece, for devices without an IOMMU. It is limited.</summary>
    /// <exception cref="UioException">ENOENT: the kernel has none.</exception>
    public static DmaHeap Cma => Open(CmaNames.FirstOrDefault(name => File.Exists($"{Folder}/{name}")) ?? CmaNames[0]);

    /// <summary>All heaps, by name. Empty when the kernel has none.</summary>
    public static IReadOnlyList<DmaHeap> List() =>
        Directory.Exists(Folder)
            ? [.. Directory.GetFiles(Folder).Select(path => new DmaHeap(Path.GetFileName(path))).OrderBy(heap => heap.Name, StringComparer.Ordinal)]
            : [];

    /// <summary>The heap with a name.</summary>
    /// <param name="name">Its name in /dev/dma_heap.</param>
    /// <exception cref="UioException">ENOENT: there is none; the message lists those that are there.</exception>
    public static DmaHeap Open(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.Contains('/'))
            throw new ArgumentException($"\"{name}\" is a path; a heap is opened by its name in {Folder}.", nameof(name));

        var heap = new DmaHeap(name);
        return File.Exists(heap.DevicePath) ? heap : throw UioException.From(Calls.OpenHeap, heap.DevicePath, -Errno.ENOENT);
    }

    /// <summary>Allocates a buffer (DMA_HEAP_IOCTL_ALLOC). Its memory is zero.</summary>
    /// <param name="length">Its length in bytes, more than 0; rounded up to whole pages.</param>
    /// <exception cref="UioException">
    /// ENOMEM: the heap has no such memory. EACCES: the process may not use the heap. EMFILE: no free descriptor.
    /// </exception>
    public DmaBuf Allocate(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        CheckAvailable(length);

        int result = Syscalls.Open(DevicePath, LibC.O_RDONLY, out SafeFileHandle? heap);
        if (result < 0)
            throw UioException.From(Calls.OpenHeap, DevicePath, result);

        using (heap)
            result = Shim.HeapAlloc(heap!, (ulong)length, (uint)(LibC.O_RDWR | LibC.O_CLOEXEC));

        return result < 0 ? throw UioException.From(Calls.Allocate, DevicePath, result) : DmaBuf.FromNewDescriptor(result);
    }

    /// <summary>
    /// The system heap takes page by page until there is none left, and then the kernel kills processes to get more (6.12).
    /// So what cannot be there is not asked for.
    /// </summary>
    private void CheckAvailable(long length)
    {
        const long WorthAsking = 16 << 20;
        if (length < WorthAsking || !Name.StartsWith("system", StringComparison.Ordinal) || SysFs.ReadAvailableMemory() is not { } available || length <= available)
            return;

        throw new UioException(Calls.Allocate, DevicePath, Errno.ENOMEM,
            $"the machine has {available >> 20} MiB of memory available, and the buffer is to have {length >> 20}: free some, or ask for less");
    }

    /// <summary>The heap's node.</summary>
    public override string ToString() => DevicePath;
}
