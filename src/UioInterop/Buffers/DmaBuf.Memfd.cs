using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.Interop;

namespace UioInterop;

// Buffers of ordinary memory.
public sealed partial class DmaBuf
{
    private const string Udmabuf = "/dev/udmabuf";

    /// <summary>
    /// Allocates a buffer of ordinary memory, a memfd, by the kernel's udmabuf driver (UDMABUF_CREATE): for kernels without dma-heaps.
    /// Its memory is zeroed, and comes in single pages.
    /// </summary>
    /// <remarks>
    /// udmabuf syncs a mapping of its own for the CPU, and not those of devices (6.12, begin_cpu_udmabuf). A device that is not
    /// coherent with the CPU's caches, or behind bounce buffers, needs a buffer of a <see cref="DmaHeap"/>. See
    /// Documentation/driver-api/dma-buf.rst and linux/udmabuf.h.
    /// </remarks>
    /// <param name="length">
    /// Its length in bytes, more than 0. The memory behind it is whole pages: <see cref="DmaBuf.Capacity"/>. At most 64 MiB unless
    /// the module's size_limit_mb says otherwise.
    /// </param>
    /// <exception cref="UioException">
    /// ENOENT: the kernel has no udmabuf. EINVAL: the length is beyond its limits. EACCES, EMFILE, ENOMEM: as the message says.
    /// </exception>
    public static DmaBuf AllocateFromMemfd(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        if (length > long.MaxValue - Syscalls.PageSize)
            throw UioException.From(Calls.CreateUdmabuf, Udmabuf, -Errno.EINVAL);
        long size = Syscalls.RoundUpToPages(length);

        int result = Syscalls.Open(Udmabuf, LibC.O_RDWR, out SafeFileHandle? udmabuf);
        if (result < 0)
            throw UioException.From(Calls.CreateUdmabuf, Udmabuf, result);

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

                result = Shim.UdmabufCreate(udmabuf!, memory!, Shim.UdmabufCloseOnExec, 0, (ulong)size);
            }
        }

        return result < 0 ? throw UioException.From(Calls.CreateUdmabuf, Udmabuf, result) : FromNewDescriptor(result, length);
    }
}
