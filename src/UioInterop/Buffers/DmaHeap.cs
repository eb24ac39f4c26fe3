using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// A Linux dma-heap in /dev/dma_heap, to allocate buffers from. It holds nothing open, so there is nothing to dispose.
/// </summary>
/// <remarks>Thread-safe. See Documentation/userspace-api/dma-buf-heaps.rst.</remarks>
public sealed class DmaHeap
{
    private const string SystemName = "system";

    // The default CMA area's name when no device tree node describes it: since 6.17, and before.
    private static readonly string[] CmaNames = ["default_cma_region", "reserved"];

    private DmaHeap(string name) => Name = name;

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its node: <c>/dev/dma_heap/system</c>.</summary>
    public string DevicePath => $"{KernelPaths.Heaps}/{Name}";

    /// <summary>
    /// The system heap: memory in pieces. A device behind a translating IOMMU sees one range, any other sees several
    /// (<see cref="DmaMapping.Ranges"/>). With only the boards' ioctls, an import of several ranges fails with EINVAL.
    /// </summary>
    /// <exception cref="UioException">ENOENT: the kernel has none.</exception>
    public static DmaHeap System => Open(SystemName);

    /// <summary>The heap of the default CMA area: memory in one piece, for devices without an IOMMU. It is limited.</summary>
    /// <exception cref="UioException">ENOENT: the kernel has none.</exception>
    public static DmaHeap Cma => TryFindCma() ?? Open(CmaNames[^1]);

    /// <summary>All heaps, by name. Empty when the kernel has none.</summary>
    /// <exception cref="UioException">EACCES: the process may not list them.</exception>
    public static IReadOnlyList<DmaHeap> List() =>
        [.. SysFs.Files(KernelPaths.Heaps).Select(path => new DmaHeap(Path.GetFileName(path))).OrderBy(heap => heap.Name,
            StringComparer.Ordinal)];

    internal static DmaHeap? TryFindSystem() => List().FirstOrDefault(heap => heap.Name == SystemName);

    internal static DmaHeap? TryFindCma()
    {
        // The device tree says which node is the default area's, and the heap has that node's name. Under another name, it is
        // the only heap beside the system's.
        IReadOnlyList<DmaHeap> heaps = List();
        string[] names = [.. SysFs.ReadDefaultCmaNodes(), .. CmaNames];
        DmaHeap[] others = [.. heaps.Where(heap => !heap.IsSystem)];
        return names.Select(name => heaps.FirstOrDefault(heap => heap.Name == name)).FirstOrDefault(heap => heap is not null)
            ?? (others.Length == 1 ? others[0] : null);
    }

    /// <summary>The heap with a name.</summary>
    /// <param name="name">Its name in /dev/dma_heap.</param>
    /// <exception cref="UioException">ENOENT: there is none; the message lists those that are there.</exception>
    public static DmaHeap Open(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.Contains('/'))
            throw new ArgumentException($"\"{name}\" is a path; a heap is opened by its name in {KernelPaths.Heaps}.", nameof(name));

        var heap = new DmaHeap(name);
        return File.Exists(heap.DevicePath) ? heap : throw UioException.From(Calls.OpenHeap, heap.DevicePath, -Errno.ENOENT);
    }

    /// <summary>Allocates a buffer (DMA_HEAP_IOCTL_ALLOC). Its memory is zero.</summary>
    /// <remarks>
    /// When the heap has no memory left, buffers that were dropped without Dispose are collected first.
    /// </remarks>
    /// <param name="length">Its length in bytes, more than 0. The memory behind it is whole pages: <see cref="DmaBuf.Capacity"/>.</param>
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
        {
            result = TryAllocate(heap!, length);
            if (result == -Errno.ENOMEM)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                result = TryAllocate(heap!, length);
            }
        }

        return result < 0 ? throw UioException.From(Calls.Allocate, DevicePath, result) : DmaBuf.FromNewDescriptor(result, length);
    }

    private static int TryAllocate(SafeFileHandle heap, long length) =>
        Shim.HeapAlloc(heap, (ulong)length, (uint)(LibC.O_RDWR | LibC.O_CLOEXEC));

    /// <summary>Whether its memory is ordinary memory, such as <c>system</c> and <c>system-uncached</c>.</summary>
    private bool IsSystem => Name.StartsWith(SystemName, StringComparison.Ordinal);

    /// <summary>
    /// The system heap takes page by page until there is none left, and then the kernel kills processes to get more (6.12).
    /// So this refuses more than the machine has available.
    /// </summary>
    private void CheckAvailable(long length)
    {
        const long WorthAsking = 16 << 20;
        if (length < WorthAsking || !IsSystem || SysFs.ReadAvailableMemory() is not { } available || length <= available)
            return;

        throw new UioException(Calls.Allocate, DevicePath, Errno.ENOMEM,
            $"the machine has {available >> 20} MiB of memory available, and the buffer is to have "
                + $"{length >> 20}: free some, or ask for less");
    }

    /// <summary>The heap's node.</summary>
    public override string ToString() => DevicePath;
}
