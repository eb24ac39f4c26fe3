using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// An open UIO device: its registers, its interrupt, and the buffers it can reach by DMA.
/// </summary>
/// <remarks>
/// <para>The device owns its <see cref="DmaMapping"/>s and its <see cref="UioInterop.Registers"/>. Disposing it ends
/// them in the order that is safe: waits first, then transfers, mappings, registers, and the file. A device that is not
/// disposed but unreachable is cleaned up by the kernel, in the kernel's order, when its file is closed.</para>
/// <para>Thread-safe. The kernel's side is in Documentation/driver-api/uio-howto.rst.</para>
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
public sealed partial class UioDevice : IMappingOwner, IRegisterOwner, IDisposable
{
    private enum State
    {
        Open,

        /// <summary>Only the thread that brings the device to rest may still use it.</summary>
        Closing,
        Closed,
    }

    // Protects everything below and in the other files. Mappings are made and ended one at a time, and never while the device
    // closes. A buffer's own lock is taken inside of it, never the other way round.
    private readonly object _gate = new();
    private readonly SafeFileHandle _file;
    private readonly UioOpenOptions _options;
    private volatile State _state;

    /// <param name="info">What the kernel says about it.</param>
    /// <param name="options">How it was opened.</param>
    /// <param name="file">The open node.</param>
    /// <param name="interrupts">Its interrupt.</param>
    /// <param name="imports">For tests; otherwise the kernel is asked which it has.</param>
    internal UioDevice(
        UioDeviceInfo info, UioOpenOptions options, SafeFileHandle file, InterruptSource interrupts, ImportAbi? imports = null)
    {
        // Xilinx's kernel says EINVAL to what it does not know.
        int result = Shim.Query(file, out QueryArguments query);
        if (result == -Errno.ENODEV)
            throw UioException.From(Calls.Open, info.DevicePath, result);

        bool hasHandles = result == 0;
        Features = hasHandles ? new UioFeatures(query) : new UioFeatures();
        _imports = imports ?? (hasHandles ? HandleAbi.Instance : BoardAbi.Instance);

        Info = info;
        _options = options;
        _file = file;
        _interrupts = interrupts;
        s_open.Add(this, null);
    }

    /// <summary>What the kernel said about the device when it was opened.</summary>
    public UioDeviceInfo Info { get; }

    /// <summary>What the kernel can do for the device's imports. It was asked when the device was opened.</summary>
    public UioFeatures Features { get; }

    /// <summary>
    /// Wakes whoever waits for an interrupt, brings the device to rest (<see cref="Quiesce"/>), ends the mappings, takes the
    /// registers away and closes the file, in this order. A mapping whose transfer could not be ended is left to the kernel,
    /// which ends it after the driver's release hook. Later calls return at once, even while the first is still closing. Throws
    /// nothing; <see cref="Failed"/> tells of failures.
    /// </summary>
    /// <remarks>
    /// <para>It does not wait for scopes in which the CPU writes. What they have written by then stays. What they write while the
    /// mapping ends may be lost, if the device may write the buffer.</para>
    /// <para>When another thread has been stopping the device for <see cref="UioOpenOptions.TransferTimeout"/>, and for a second at
    /// least, the rest is left to that thread: its stop may need a lock that the caller holds.</para>
    /// </remarks>
    public void Dispose()
    {
        Attachment[] attachments;
        lock (_gate)
        {
            if (_state != State.Open)
                return;

            _state = State.Closing;
            attachments = _attachments.ToArray();
        }

        foreach (Attachment attachment in attachments)
            attachment.TryBeginEnd();

        _interrupts.Stop();
        if (Quiesce is null && !IsUnbound && !WaitForTransfers(attachments))
            ReportQuiesceFailed(new InvalidOperationException(NoWayToStop));

        // Not while another thread brings the device to rest: it needs the registers and the file.
        if (Monitor.TryEnter(_quiesceGate, StopPatience))
        {
            try
            {
                CloseAtRest();
            }
            finally
            {
                Monitor.Exit(_quiesceGate);
            }
        }
        else
        {
            _closesLater = true;
        }

        FinishStops();
    }

    /// <summary>Stops the device and closes it. Under the lock of stops.</summary>
    private void CloseAtRest()
    {
        if (Quiesce is not null || IsUnbound)
            TryQuiesce(out _);
        lock (_gate)
            Close();
    }

    /// <summary>Whether Dispose has begun.</summary>
    internal bool IsDisposed => _state != State.Open;

    /// <summary>The device in words: what <see cref="Info"/> says, and how many mappings it has.</summary>
    public override string ToString() => $"{Info}, {_attachments.Count} mappings{(_state != State.Open ? ", disposed" : "")}";

    /// <summary>The open file's number. Used under the lock, where the file is not closed.</summary>
    private int FileNumber => (int)_file.DangerousGetHandle();

    private void Close()
    {
        // Mappings still in transfer are left to the close, and so are unmaps that fail: the close ends all mappings of the
        // file, after the driver's release hook.
        foreach (Attachment attachment in _attachments)
        {
            if (attachment.IsIdle)
            {
                lock (attachment.Buffer.Ledger.Gate)
                {
                    attachment.Buffer.SaveWrites(attachment.Direction);
                    _ = _imports.Detach(FileNumber, attachment);
                }
            }

            attachment.MarkEnded();
        }

        // Registers that are still mapped would keep the file, and with it the mappings, from being released.
        foreach (Registers registers in _registers.Values)
            registers.Retire();

        _file.Dispose();
        _interrupts.Dispose();
        _pci?.Dispose();

        // Only now: a mapping whose unmap failed keeps its buffer until the file is gone.
        foreach (Attachment attachment in _attachments)
        {
            attachment.Buffer.Ledger.EndTransfersOf(attachment, long.MaxValue);
            attachment.Buffer.RemoveMapping(attachment.Direction);
            UioEventSource.Log.Detached(attachment);
        }

        _attachments.Clear();
        _state = State.Closed;
    }

    private void ThrowIfDisposed()
    {
        if (_state != State.Open && !(_state == State.Closing && IsQuiescer))
            throw Info.Disposed();
    }
}
