using UioInterop.Interop;

namespace UioInterop;

// The buffers that the device has.
public sealed partial class UioDevice
{
    private readonly ImportAbi _imports;
    private readonly AttachmentList _attachments = new();
    private readonly Stack<DropWitness> _witnesses = new(); // not used by any mapping
    private int _dropped;

    /// <summary>
    /// How many mappings the collector took before the program disposed them. They go on working, and keep their buffers,
    /// until the device is disposed.
    /// </summary>
    public int DroppedMappings => Volatile.Read(ref _dropped);

    /// <summary>Lets the device reach a buffer (UIO_IOC_DMABUF_ATTACH, or UIO_IOC_MAP_DMABUF on a kernel without).</summary>
    /// <param name="buffer">The buffer. Disposing it before the mapping is fine: its memory stays until the mapping ends.</param>
    /// <param name="direction">
    /// What the device will do with it. The scopes that <see cref="DmaBuf.BeginAccess"/> gives out follow it.
    /// </param>
    /// <returns>The mapping, which lasts until it or the device is disposed.</returns>
    /// <exception cref="UioException">
    /// ENOTTY: the kernel has no import. EBUSY: the device has this buffer already, or still writes into buffers of a file that was
    /// released. EINVAL: it is not contiguous for
    /// the device, and the kernel has only the boards' ioctls. EACCES, EPERM, ENOMEM, ENOSPC, ERANGE, ENODEV: as the
    /// message says.
    /// </exception>
    /// <exception cref="InvalidOperationException">A scope of CPU access to the buffer is open.</exception>
    /// <exception cref="ObjectDisposedException">The device or the buffer has been disposed.</exception>
    public DmaMapping Import(DmaBuf buffer, DmaDirection direction)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        if (direction is < DmaDirection.Bidirectional or > DmaDirection.FromDevice)
            throw new ArgumentOutOfRangeException(nameof(direction), direction, "A direction is Bidirectional, ToDevice or FromDevice.");

        lock (_gate)
        {
            ThrowIfDisposed();

            // Xilinx's kernel takes a buffer twice, and unmaps whichever comes first under its number.
            if (buffer.Ledger.Mappings > 0 && _attachments.Has(buffer))
                throw UioException.From(_imports.AttachCall, Info.DevicePath, -Errno.EBUSY);

            var attachment = new Attachment(this, buffer, direction);
            buffer.AddMapping(direction);
            int result = _imports.Attach(FileNumber, attachment);
            if (result < 0)
            {
                buffer.RemoveMapping(direction);
                throw UioException.From(_imports.AttachCall, Info.DevicePath, result);
            }

            _attachments.Add(attachment);
            if (UioEventSource.Log.IsEnabled())
            {
                _ = _imports.ReadRanges(FileNumber, attachment);
                UioEventSource.Log.Imported(attachment);
            }

            if (!_witnesses.TryPop(out DropWitness? witness))
                witness = new DropWitness();
            witness.Watch(attachment);
            return new DmaMapping(attachment, witness);
        }
    }

    /// <summary>Ends a mapping, once the device is done with it. False when another thread is ending it, or has ended it.</summary>
    bool IMappingOwner.Detach(Attachment attachment, DropWitness witness)
    {
        if (!attachment.TryBeginEnd())
            return false;

        witness.Watch(null);
        if (!attachment.IsIdle && !WaitForTransfers([attachment]) && !TryStopFor(attachment, out Exception? failure)
            && !attachment.HasEnded)
        {
            attachment.FailEnd();
            throw new UioException(Calls.Quiesce, Info.DevicePath, Errno.EBUSY,
                $"a transfer is still under way and {WhyNotAtRest(failure)}; the buffer stays with the device until the mapping is ended "
                    + "again, or the device disposed", failure);
        }

        lock (_gate)
        {
            // The device may have been disposed meanwhile, and its mappings with it.
            if (attachment.HasEnded)
                return true;

            int result;
            lock (attachment.Buffer.Ledger.Gate) // no scope begins before it is done
            {
                if (attachment.Buffer.Ledger.IsBeingWrittenBeside(attachment.Direction))
                {
                    witness.Watch(attachment);
                    if (_state == State.Open) // otherwise Dispose ends it, and relies on no transfer beginning
                        attachment.CancelEnd();
                    throw new InvalidOperationException(
                        $"A scope in which the CPU writes is open on {attachment.Buffer}, and the end of a mapping that lets the device "
                            + "write would lose what it has written: dispose the scope first.");
                }

                result = _imports.Detach(FileNumber, attachment);
            }

            // Neither leaves a mapping behind: ENODEV when the device was unbound, ENOENT when somebody else ended it.
            if (result >= 0 || result == -Errno.ENODEV || result == -Errno.ENOENT)
            {
                _attachments.Remove(attachment);
                _witnesses.Push(witness);
                attachment.MarkEnded();
                attachment.Buffer.RemoveMapping(attachment.Direction);
                UioEventSource.Log.Detached(attachment);
            }
            else
            {
                attachment.FailEnd();
            }

            // ENODEV: the device is gone, and the mapping with it. This call did not fail.
            if (result < 0 && result != -Errno.ENODEV)
                throw UioException.From(_imports.DetachCall, Info.DevicePath, result);
            return true;
        }
    }

    /// <summary>Asks the kernel where the device reaches a buffer.</summary>
    void IMappingOwner.ReadRanges(Attachment attachment)
    {
        lock (_gate)
        {
            attachment.ThrowIfEnded();
            int result = _imports.ReadRanges(FileNumber, attachment);
            if (result < 0)
                throw UioException.From(Calls.Ranges, Info.DevicePath, result);
        }
    }

    /// <summary>The collector took a mapping that nobody had disposed.</summary>
    void IMappingOwner.OnDropped(Attachment attachment)
    {
        if (attachment.HasEnded)
            return;

        Interlocked.Increment(ref _dropped);
        UioEventSource.Log.MappingDropped(attachment);
    }
}
