namespace UioInterop.Interop;

/// <summary>Folders of the kernel's that more than one place looks into.</summary>
internal static class KernelPaths
{
    public const string Heaps = "/dev/dma_heap";

    public const string UioDevices = "/sys/class/uio";
}
