using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>Buffers of ordinary memory: udmabuf, for kernels without dma-heaps.</summary>
/// <remarks>
/// The kernel's udmabuf syncs a mapping of its own for the CPU and not those of devices (6.12, begin_cpu_udmabuf). A
/// device that is not coherent with the CPU's caches, or behind bounce buffers, needs a buffer of a <see cref="DmaHeap"/>.
/// See Documentation/driver-api/dma-buf.rst and linux/udmabuf.h. Thread-safe.
/// </remarks>
public static class UDmaBuf
{
    private const string Node = "/dev/udmabuf";

    /// <summary>Makes a buffer of fresh memory (UDMABUF_CREATE). Its memory is zero, and in pieces of a page.</summary>
    /// <param name="length">
    /// Its length in bytes, more than 0. The memory behind it is whole pages: <see cref="DmaBuf.Capacity"/>. At most 64 MiB unless
    /// the module's size_limit_mb says otherwise.
    /// </param>
    /// <exception cref="UioException">
    /// ENOENT: the kernel has no udmabuf. EINVAL: the length is beyond its limits. EACCES, EMFILE, ENOMEM: as the message says.
    /// </exception>
    public static DmaBuf Create(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        if (length > long.MaxValue - Syscalls.PageSize)
            throw UioException.From(Calls.CreateUDmaBuf, Node, -Errno.EINVAL);
        long size = Syscalls.RoundUpToPages(length);

        int result = Syscalls.Open(Node, LibC.O_RDWR, out SafeFileHandle? udmabuf);
        if (result < 0)
            throw UioException.From(Calls.CreateUDmaBuf, Node, result);

        using (udmabuf)
        {
            result = Syscalls.OpenMemory("uiointerop", out SafeFileHandle? memory);
            if (result < 0)
                throw UioException.From(Calls.CreateMemory, "memfd", result);

            // The buffer keeps the pages; the file is only the way to hand them over.
            using (memory)
            {
                result = Syscalls.SizeAndSeal(memory!, size);
                if (result < 0)
                    throw UioException.From(Calls.CreateMemory, "memfd", result);

                result = Shim.UDmaBufCreate(udmabuf!, memory!, Shim.UDmaBufCloseOnExec, 0, (ulong)size);
            }
        }

        return result < 0 ? throw UioException.From(Calls.CreateUDmaBuf, Node, result) : DmaBuf.FromNewDescriptor(result, length);
    }
}
