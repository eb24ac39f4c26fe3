using System.Diagnostics;

namespace UioInterop;

/// <summary>
/// A buffer that a device can reach. The mapping ends when it is disposed, when its device is, or when the device's driver is unbound.
/// It has no finalizer: a mapping that the program drops goes on working for as long as the program holds the device, and is counted in
/// <see cref="UioDevice.DroppedMappings"/>.
/// </summary>
/// <remarks>
/// <para>A transfer takes a lease on its part of the buffer (<see cref="BeginTransfer"/>). The mapping's end does not wait for
/// accesses without a lease. Afterwards they fault behind a strict IOMMU; without an IOMMU they hit memory that may have a new
/// owner.</para>
/// <para>Thread-safe.</para>
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class DmaMapping : IDisposable
{
    private readonly Attachment _attachment;
    private DropWitness? _witness; // null when the device has it back, perhaps for another mapping
    private DmaRange[]? _ranges;

    internal DmaMapping(Attachment attachment, DropWitness witness)
    {
        _attachment = attachment;
        _witness = witness;
    }

    /// <summary>The device that reaches the buffer.</summary>
    internal IMappingOwner Owner => _attachment.Owner;

    /// <summary>The buffer. The mapping keeps its memory alive, even when the buffer object is disposed first.</summary>
    public DmaBuf Buffer => _attachment.Buffer;

    /// <summary>What the device does with the buffer.</summary>
    public DmaDirection Direction => _attachment.Direction;

    /// <summary>How much of the buffer is mapped, in bytes: all of its <see cref="DmaBuf.Length"/>.</summary>
    public long Length => _attachment.Length;

    /// <summary>
    /// Whether it can end at once: no transfer of it is under way, and no scope that <see cref="Dispose"/> is refused for.
    /// </summary>
    internal bool CanEnd
    {
        get
        {
            lock (Buffer.Ledger.Gate)
                return _attachment.IsIdle && !Buffer.Ledger.IsBeingWrittenBeside(Direction);
        }
    }

    /// <summary>The buffer's address for the device. The buffer is contiguous.</summary>
    /// <exception cref="InvalidOperationException">It is not, and comes in several <see cref="Ranges"/>.</exception>
    /// <exception cref="UioException">
    /// ENOTTY: the kernel does not expose addresses; <see cref="Registers.WriteAddress(Register{ulong}, TransferLease, long)"/>
    /// does without them. ENODEV: the device was unbound before they were asked for. ENOENT: the mapping was ended behind the
    /// library's back.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The mapping has ended, and the address with it.</exception>
    public DeviceAddress Address
    {
        get
        {
            _attachment.ThrowIfEnded();
            return _attachment.AddressOf(0, Length);
        }
    }

    /// <summary>
    /// The parts of the buffer that are contiguous for the device, in the buffer's order. Behind an IOMMU there is one;
    /// without, one for each piece of memory. The kernel is asked once.
    /// </summary>
    /// <exception cref="UioException">ENOTTY, ENODEV, ENOENT: as for <see cref="Address"/>.</exception>
    /// <exception cref="ObjectDisposedException">The mapping has ended.</exception>
    public IReadOnlyList<DmaRange> Ranges
    {
        get
        {
            _attachment.ThrowIfEnded();
            return _ranges ??= _attachment.ToRanges();
        }
    }

    /// <summary>How many <see cref="Ranges"/> there are. Kernels that hide addresses tell this, too.</summary>
    public int RangeCount => _attachment.RangeCount;

    /// <summary>
    /// The buffer's address for the device, unless it has several <see cref="Ranges"/> or the kernel does not expose addresses.
    /// </summary>
    /// <param name="address">The address.</param>
    /// <exception cref="UioException">ENODEV, ENOENT: as for <see cref="Address"/>.</exception>
    /// <exception cref="ObjectDisposedException">The mapping has ended.</exception>
    public bool TryGetAddress(out DeviceAddress address)
    {
        _attachment.ThrowIfEnded();
        bool has = RangeCount == 1 && Owner.Features.ExposesAddresses;
        address = has ? Address : default;
        return has;
    }

    /// <summary>A part's address for the device.</summary>
    /// <param name="offset">Where the part begins in the buffer, in bytes.</param>
    /// <param name="length">How long it is, in bytes. All of it is inside of the mapping.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part is not inside of the mapping.</exception>
    /// <exception cref="InvalidOperationException">The part is not contiguous for the device.</exception>
    /// <exception cref="UioException">ENOTTY, ENODEV, ENOENT: as for <see cref="Address"/>.</exception>
    /// <exception cref="ObjectDisposedException">The mapping has ended.</exception>
    public DeviceAddress AddressOf(long offset, long length)
    {
        CheckPart(offset, length);
        _attachment.ThrowIfEnded();
        return _attachment.AddressOf(offset, length);
    }

    /// <summary>
    /// Begins a transfer: from now on the device may touch a part of the buffer, and the CPU may not. Call it before
    /// you start the device.
    /// </summary>
    /// <param name="offset">Where the part begins in the buffer, in bytes.</param>
    /// <param name="length">How long it is, in bytes, more than 0. All of it is inside of the mapping.</param>
    /// <returns>The lease, which tells the address, and ends with <see cref="TransferLease.Complete"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The part is not inside of the mapping.</exception>
    /// <exception cref="InvalidOperationException">
    /// A scope of CPU access is open over a byte of it; or a scope that writes is open anywhere in the buffer, and the
    /// device writes, too: the kernel syncs all of a buffer at a scope's end.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The mapping has ended, or is being ended.</exception>
    public TransferLease BeginTransfer(long offset, long length) => BeginLease(offset, length, isCyclic: false);

    /// <param name="offset">Where the part begins in the buffer, in bytes.</param>
    /// <param name="length">How long it is, in bytes.</param>
    /// <param name="isCyclic">Whether the CPU may read meanwhile: the device writes the part again and again.</param>
    internal TransferLease BeginLease(long offset, long length, bool isCyclic)
    {
        CheckTransfer(offset, length);
        return new TransferLease(_attachment, Buffer.Ledger.BeginTransfer(_attachment, offset, length, isCyclic), offset, length);
    }

    /// <summary>Whether the mapping has ended: the device cannot reach the buffer any more.</summary>
    public bool HasEnded => _attachment.HasEnded;

    /// <summary>
    /// Takes the buffer from the device (UIO_IOC_DMABUF_DETACH or UIO_IOC_UNMAP_DMABUF). Waits for transfers under way, as long as
    /// <see cref="UioOpenOptions.TransferTimeout"/> says, and then runs <see cref="UioDevice.Quiesce"/>. A call that failed can be
    /// repeated; one after the end does nothing.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// A scope in which the CPU writes is open, and the device may write, too: what the scope has written would be lost.
    /// Nothing has happened then.
    /// </exception>
    /// <exception cref="UioException">
    /// EBUSY: the device could not be brought to rest. Or the kernel refused. The buffer stays with the device until a later call,
    /// or the device's end. ENOENT: it was unmapped behind the library's back, and the mapping has ended.
    /// </exception>
    public void End()
    {
        if (_witness is { } witness && Owner.Detach(_attachment, witness))
            _witness = null;
    }

    /// <summary>
    /// Ends the mapping as <see cref="End"/> does, and throws nothing. On failure <see cref="HasEnded"/> stays false,
    /// <see cref="UioDevice.Failed"/> tells why, and the device's own Dispose tries again.
    /// </summary>
    public void Dispose()
    {
        try
        {
            End();
        }
        catch (Exception failure) when (failure is UioException or InvalidOperationException)
        {
            UioEventSource.Log.EndingFailed(_attachment.DevicePath, failure.Message);
            Owner.Report(failure);
        }
    }

    /// <summary>
    /// Whether the mapping can be used again: it has not ended, none of its transfers is under way, and no other device has the
    /// buffer.
    /// </summary>
    /// <exception cref="InvalidOperationException">A scope of CPU access is open.</exception>
    internal bool IsReusable()
    {
        AccessLedger ledger = Buffer.Ledger;
        lock (ledger.Gate)
        {
            ledger.CheckNoScope("the buffer is given back");
            return !_attachment.IsEnding && !Buffer.IsDisposed && ledger.Mappings == 1
                && _attachment.IsIdle;
        }
    }

    /// <summary>The mapping in words: <c>ToDevice 0x10000000, 4096 bytes, /dev/uio0</c>. The kernel is not asked for the address.</summary>
    public override string ToString() => _attachment.HasEnded
        ? $"{Direction}, ended"
        : $"{Direction} {_attachment.KnownAddress}, {Length} bytes, {_attachment.DevicePath}";

    internal void CheckTransfer(long offset, long length)
    {
        CheckPart(offset, length);
        ArgumentOutOfRangeException.ThrowIfZero(length);
    }

    private void CheckPart(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
    }
}
