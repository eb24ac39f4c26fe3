using System.Diagnostics;

namespace UioInterop;

/// <summary>
/// A buffer that a device can reach. Its device owns it: it ends when it is disposed, when the device is, or when the
/// device's driver is unbound. There is no finalizer, so a mapping that the program has lost sight of goes on working for
/// as long as the program holds the device.
/// </summary>
/// <remarks>
/// <para>The device must have stopped using the buffer before this is disposed. After that its accesses fault behind a
/// strict IOMMU; without one they hit memory that may have a new owner.</para>
/// <para>Thread-safe.</para>
/// </remarks>
[DebuggerDisplay("{DebuggerDisplay,nq}")]
public sealed class DmaMapping : IDisposable
{
    private readonly DeviceAddress _address;
    private volatile bool _detached;
    private DmaRange[]? _ranges;

    internal DmaMapping(UioDevice device, DmaBuf buffer, DmaDirection direction, ulong address, ulong length)
    {
        Device = device;
        Buffer = buffer;
        Direction = direction;
        _address = new DeviceAddress(address);
        Length = checked((long)length);
    }

    /// <summary>The device that reaches the buffer.</summary>
    public UioDevice Device { get; }

    /// <summary>The buffer. The mapping keeps its memory alive, even when the buffer object is disposed first.</summary>
    public DmaBuf Buffer { get; }

    /// <summary>What the device does with the buffer.</summary>
    public DmaDirection Direction { get; }

    /// <summary>How much of the buffer is mapped, in bytes: what the kernel mapped, not what was asked for.</summary>
    public long Length { get; }

    /// <summary>Where the device reaches the buffer's first byte.</summary>
    /// <exception cref="ObjectDisposedException">The mapping has ended, and the address with it.</exception>
    public DeviceAddress Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(_detached, this);
            return _address;
        }
    }

    /// <summary>The parts of the buffer that are contiguous for the device, in the buffer's order. Now always one.</summary>
    /// <exception cref="ObjectDisposedException">The mapping has ended.</exception>
    public IReadOnlyList<DmaRange> Ranges
    {
        get
        {
            DeviceAddress address = Address;
            return _ranges ??= [new DmaRange(address, 0, Length)];
        }
    }

    /// <summary>Where the device reaches a part of the buffer.</summary>
    /// <param name="offset">Where the part begins in the buffer, in bytes.</param>
    /// <param name="length">How long it is, in bytes. All of it is inside of the mapping.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part is not inside of the mapping.</exception>
    /// <exception cref="ObjectDisposedException">The mapping has ended.</exception>
    public DeviceAddress AddressOf(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
        return Address + offset;
    }

    /// <summary>Takes the buffer from the device (UIO_IOC_UNMAP_DMABUF). The second time it does nothing.</summary>
    /// <exception cref="UioException">The kernel refused: the buffer stays with the device until that is disposed. ENOENT: it was unmapped behind the library's back.</exception>
    public void Dispose() => Device.Detach(this);

    internal void MarkDetached() => _detached = true;

    private string DebuggerDisplay =>
        _detached ? $"{Direction}, ended" : $"{Direction} {_address}, {Length} bytes, {Device.Info.DevicePath}";
}
