using UioInterop.Tool.Output;

namespace UioInterop.Tool.Doctor;

/// <summary>Where buffers come from.</summary>
internal static class HeapChecks
{
    public static IEnumerable<Finding> Run(IReadOnlyList<UioDeviceInfo> devices)
    {
        IReadOnlyList<DmaHeap> heaps = DmaHeap.List();
        if (heaps.Count == 0)
        {
            yield return Directory.Exists("/sys/class/dma_heap") && Text.Folders("/sys/class/dma_heap").Length > 0
                ? Finding.Problem("heaps", "/dev/dma_heap", "the kernel has heaps, and /dev has none: this may be a container",
                    "docker run --device /dev/dma_heap/system …; without a container: mdev -s, or mount -t devtmpfs dev /dev")
                : Finding.Problem("heaps", "/dev/dma_heap", "the kernel has no dma-heaps",
                    "build it with CONFIG_DMABUF_HEAPS=y, CONFIG_DMABUF_HEAPS_SYSTEM=y and CONFIG_DMABUF_HEAPS_CMA=y");
            yield break;
        }

        foreach (DmaHeap heap in heaps)
        {
            HeapData tried = HeapData.Of(heap);
            yield return tried.IsOpen
                ? Finding.Good("heap", heap.DevicePath, "it allocates")
                : Finding.Problem("heap", heap.DevicePath, "it does not allocate", tried.WhyNot!);
        }

        if (devices.Any(device => device.Iommu is not { Translates: true }) && heaps.All(heap => heap.Name == "system"))
        {
            yield return Finding.Note("cma", "/dev/dma_heap",
                "no heap has memory in one piece, and a device has no IOMMU: most such devices take only buffers in one piece",
                "cma=64M on the kernel's command line, with CONFIG_DMABUF_HEAPS_CMA=y");
        }
    }
}
