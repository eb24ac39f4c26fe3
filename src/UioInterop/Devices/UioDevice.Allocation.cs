using System.Runtime.CompilerServices;
using UioInterop.Interop;

namespace UioInterop;

// Allocates memory that suits the device, and lists its mappings.
public sealed partial class UioDevice
{
    /// <summary>
    /// Allocates memory that the device can reach, and imports it. The heap is chosen for the device: the system's behind an
    /// IOMMU that translates, otherwise the default CMA area's, whose memory is in one piece; the other one when the device
    /// does not reach the first, or there is none.
    /// </summary>
    /// <typeparam name="T">The type of its values.</typeparam>
    /// <param name="length">How many values, more than 0.</param>
    /// <param name="direction">What the device will do with them.</param>
    /// <exception cref="UioException">
    /// ENOMEM: no heap has so much memory. ERANGE, EINVAL: the device reaches no heap's memory. ENOENT: the kernel has no heap.
    /// Or as for <see cref="Import"/>.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public DeviceBuffer<T> Allocate<T>(long length, DmaDirection direction) where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, long.MaxValue / Unsafe.SizeOf<T>());
        UioException? first = null;
        foreach (DmaHeap heap in SuitableHeaps())
        {
            DmaBuf? buffer = null;
            try
            {
                buffer = heap.Allocate(length * Unsafe.SizeOf<T>());
                return new DeviceBuffer<T>(Import(buffer, direction), length);
            }
            catch (UioException error) when (error.Errno == Errno.ENOMEM || error.Errno == Errno.ERANGE || error.Errno == Errno.EINVAL)
            {
                // Another heap may do. If none does, the failure of the one that suits best is reported.
                buffer?.Dispose();
                first ??= error;
            }
            catch
            {
                buffer?.Dispose();
                throw;
            }
        }

        throw first ?? UioException.From(Calls.OpenHeap, KernelPaths.Heaps, -Errno.ENOENT);
    }

    /// <summary>
    /// The device's mappings that have not ended, dropped ones included, in no order. A snapshot.
    /// </summary>
    public IReadOnlyList<DmaMappingInfo> Mappings
    {
        get
        {
            lock (_gate)
                return [.. _attachments.ToArray().Select(attachment => new DmaMappingInfo(attachment))];
        }
    }

    private IEnumerable<DmaHeap> SuitableHeaps()
    {
        DmaHeap? cma = DmaHeap.TryFindCma(), system = DmaHeap.TryFindSystem();
        DmaHeap?[] order = Info.Iommu is { Translates: true } ? [system, cma] : [cma, system];
        return order.OfType<DmaHeap>();
    }
}
