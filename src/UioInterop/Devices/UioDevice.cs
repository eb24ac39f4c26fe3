using System.Buffers.Binary;
using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
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
[DebuggerDisplay("{DebuggerDisplay,nq}")]
public sealed class UioDevice : IDisposable
{
    private enum State
    {
        Open,

        /// <summary>Only the thread that brings the device to rest may still use it.</summary>
        Closing,
        Closed,
    }

    private const string PciGeneric = "uio_pci_generic";

    // Held while the device is brought to rest, by whom _quiescer names. Taken before _gate, never inside of it.
    private readonly object _quiesceGate = new();
    private int _quiescer; // the managed thread id; 0 is none
    private long _triedUpTo; // the last ticket of those transfers that the last attempt was for, whatever came of it

    // Protects everything below, and that no mapping is made or ended while another is or while the device closes.
    // A buffer's own lock is taken inside of it, never the other way round.
    private readonly object _gate = new();
    private readonly SafeFileHandle _file;
    private readonly SafeFileHandle _lock;
    private readonly InterruptSource _interrupts;
    private readonly UioOpenOptions _options;
    private readonly ImportAbi _imports;
    private readonly AttachmentList _attachments = new();
    private readonly Stack<DropWitness> _witnesses = new(); // in no mapping's use
    private readonly SortedDictionary<int, Registers> _registers = [];
    private PciFunction? _pci;
    private int _dropped;
    private volatile State _state;

    private UioDevice(UioDeviceInfo info, UioOpenOptions options, SafeFileHandle file, SafeFileHandle @lock, InterruptSource interrupts)
    {
        // Xilinx's kernel says EINVAL to what it does not know.
        int result = Shim.Query(file, out QueryArguments query);
        if (result == -Errno.ENODEV)
            throw UioException.From(Calls.Open, info.DevicePath, result);

        bool hasHandles = result == 0;
        Features = hasHandles ? new UioFeatures(query) : new UioFeatures();
        _imports = hasHandles ? HandleAbi.Instance : BoardAbi.Instance;

        Info = info;
        _options = options;
        _file = file;
        _lock = @lock;
        _interrupts = interrupts;
    }

    /// <summary>What the kernel said about the device when it was opened.</summary>
    public UioDeviceInfo Info { get; }

    /// <summary>What the kernel can do for the device's imports. It was asked when the device was opened.</summary>
    public UioFeatures Features { get; }

    /// <summary>All UIO devices, by number. Empty when there are none, or the kernel has no UIO.</summary>
    public static IReadOnlyList<UioDeviceInfo> List() => SysFs.ReadUioDevices();

    /// <summary>
    /// Brings the device to rest: stops what it does, and returns when it touches no memory any more. It runs when a
    /// transfer is given up, when a mapping ends under a transfer, and always before the device is closed.
    /// </summary>
    /// <remarks>
    /// A driver sets it when it opens its device. It runs on the thread that asked for it, one at a time, and may use this
    /// device even while that is being disposed, on that thread. When it returns all transfers that had begun before are
    /// over, whichever thread had begun them. When it cannot stop the device it throws: the buffers then stay where they
    /// are. It does not run when the kernel says that the device was unbound, and has ended its mappings.
    /// </remarks>
    public Action? Quiesce { get; set; }

    /// <summary>
    /// How many mappings the program lost sight of without disposing them. They go on working, and keep their buffers,
    /// until the device is disposed.
    /// </summary>
    public int DroppedMappings => Volatile.Read(ref _dropped);

    /// <summary>Opens a device for reading and writing.</summary>
    /// <param name="id">Which one.</param>
    /// <param name="options">How; exclusively unless they say otherwise.</param>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="UioOpenOptions.TransferTimeout"/> is negative.</exception>
    /// <exception cref="UioException">
    /// There is no such device, or more than one (the message lists what there is). EBUSY: another has it open (the message
    /// says who). Or the node cannot be opened: no permission (the message has its owner and a udev rule), gone, no free
    /// descriptor.
    /// </exception>
    public static UioDevice Open(UioDeviceId id, UioOpenOptions? options = null)
    {
        options ??= new UioOpenOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.TransferTimeout, TimeSpan.Zero, nameof(options));
        UioDeviceInfo info = UioDeviceLookup.Find(id);

        SafeFileHandle @lock = DeviceLock.Take(info, options.IsExclusive);
        SafeFileHandle? file = null, wake = null;
        try
        {
            // Before the file is opened, whose count starts there: what comes in between is then reported and not lost.
            uint interrupts = SysFs.ReadInterruptCount(info.Number) ?? 0;

            int result = Syscalls.Open(info.DevicePath, LibC.O_RDWR | LibC.O_NONBLOCK, out file);
            if (result < 0)
                throw UioException.From(Calls.Open, info.DevicePath, result);

            result = Syscalls.OpenEvent(out wake);
            if (result < 0)
                throw UioException.From(Calls.CreateEvent, info.DevicePath, result);

            return new UioDevice(info, options, file!, @lock, new InterruptSource(info, file!, wake!, interrupts, options.ContinueInline));
        }
        catch
        {
            wake?.Dispose();
            file?.Dispose();
            @lock.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Opens a device as <see cref="Open"/> does, once there is one: bound to its driver, complete, and with a node that
    /// this process may open.
    /// </summary>
    /// <param name="id">Which one.</param>
    /// <param name="timeout">How long to wait for it; <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <param name="options">How to open it; exclusively unless they say otherwise.</param>
    /// <param name="token">Ends the wait.</param>
    /// <exception cref="TimeoutException">It did not come; the message says what is there instead.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="UioException">
    /// ENOTUNIQ: several devices answer to the id. EACCES: it came, but until the end the process was not let in. EBUSY:
    /// another has it open.
    /// </exception>
    public static async Task<UioDevice> WaitForAsync(UioDeviceId id, TimeSpan timeout, UioOpenOptions? options = null, CancellationToken token = default)
    {
        await UioDeviceArrival.WaitAsync(id, timeout, token).ConfigureAwait(false);
        return Open(id, options);
    }

    /// <summary>The registers in one of the device's maps. Asking twice returns the same object.</summary>
    /// <param name="index">The map's number, as in <see cref="UioDeviceInfo.Maps"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The device has no such map.</exception>
    /// <exception cref="UioException">The kernel does not let it be mapped.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public Registers Map(int index = 0)
    {
        lock (_gate)
        {
            ThrowIfDisposed();
            if (_registers.TryGetValue(index, out Registers? known))
                return known;

            UioMapInfo info = Info.Maps.FirstOrDefault(m => m.Index == index)
                ?? throw new ArgumentOutOfRangeException(nameof(index), index, $"{Info} has no such map; it has: {Join(Info.Maps)}.");

            // UIO's way to say which map: its number as the page offset.
            int result = MemoryMap.Create(_file, (long)index * Syscalls.PageSize, Syscalls.RoundUpToPages(info.Size), out MemoryMap? map);
            if (result < 0)
                throw UioException.From(Calls.MapRegisters, Info.DevicePath, result);

            var registers = new Registers(this, info, map!);
            _registers.Add(index, registers);
            return registers;
        }
    }

    /// <summary>Lets the device reach a buffer (UIO_IOC_DMABUF_ATTACH, or UIO_IOC_MAP_DMABUF on a kernel without).</summary>
    /// <param name="buffer">The buffer. It may be disposed before the mapping; its memory stays until then.</param>
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
                _ = _imports.ReadRanges(FileNumber, attachment);
            UioEventSource.Log.Imported(attachment);
            if (!_witnesses.TryPop(out DropWitness? witness))
                witness = new DropWitness();
            witness.Watch(attachment);
            return new DmaMapping(attachment, witness);
        }
    }

    /// <summary>
    /// Tells the kernel how to stop the device when this program cannot: when it dies, or the driver is unbound, with buffers
    /// imported. Replaces an earlier program. <see cref="Quiesce"/> is what the library itself runs: a driver sets both, see
    /// <see cref="QuiesceProgram"/>.
    /// </summary>
    /// <param name="program">The program, with registers of this very object; null takes it away.</param>
    /// <exception cref="ArgumentException">The program is for another device, or empty.</exception>
    /// <exception cref="UioException">
    /// ENOTTY: the kernel runs none (<see cref="UioFeatures.RunsQuiescePrograms"/>). E2BIG: too many operations, or too long
    /// polls. EINVAL: an operation does not fit its register. EOPNOTSUPP: a map is not one of registers. ENODEV: the
    /// device is gone.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public unsafe void SetQuiesceProgram(QuiesceProgram? program)
    {
        if (program is not null && program.Device != this)
        {
            throw new ArgumentException(
                program.Device is null ? "The program has no operations, and would declare a running device quiet: null takes an earlier one away." : $"The program is for {program.Device.Info}, not for {Info}.", nameof(program));
        }

        lock (_gate)
        {
            ThrowIfDisposed();
            if (!Features.RunsQuiescePrograms) // Xilinx's kernel would say EINVAL, as to a program with a mistake
                throw UioException.From(Calls.SetQuiesce, Info.DevicePath, -Errno.ENOTTY);

            ReadOnlySpan<QuiesceArguments> operations = program is null ? default : program.Operations;
            fixed (QuiesceArguments* first = operations)
            {
                int result = Shim.SetQuiesce(FileNumber, first, (uint)operations.Length);
                if (result < 0)
                    throw UioException.From(Calls.SetQuiesce, Info.DevicePath, result);
            }
        }
    }

    /// <summary>
    /// Waits until an interrupt has come since the last wait, or since the device was opened. Does not enable the next:
    /// <see cref="EnableInterrupt"/> does, after the device's own interrupt has been acknowledged in its registers.
    /// </summary>
    /// <param name="timeout">How long to wait; zero only looks, <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <param name="count">How many interrupts there were. With more than one thread waiting, each is reported to one.</param>
    /// <returns>Whether one came. When not, the device is armed as before.</returns>
    /// <exception cref="UioException">EIO: the device has no interrupt, or has been unbound.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed, perhaps while this waited.</exception>
    public bool TryWaitForInterrupt(TimeSpan timeout, out InterruptCount count) =>
        _interrupts.TryWait(timeout, out count, evenWhenStopped: IsQuiescer);

    /// <summary>
    /// Waits as <see cref="TryWaitForInterrupt"/> does, without a thread. One wait at a time; nothing is allocated for it.
    /// </summary>
    /// <param name="timeout">How long to wait, to the millisecond; <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <param name="token">Ends the wait. An interrupt that comes later is for the next.</param>
    /// <returns>How many interrupts there were. Await it once.</returns>
    /// <exception cref="TimeoutException">None came in time. The device is armed as before.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="InvalidOperationException">Another asynchronous wait of this device is under way.</exception>
    /// <exception cref="UioException">EIO: the device has no interrupt, or has been unbound, perhaps while this waited.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed, perhaps while this waited.</exception>
    public ValueTask<InterruptCount> WaitForInterruptAsync(TimeSpan timeout, CancellationToken token = default) =>
        _interrupts.WaitAsync(timeout, token);

    /// <summary>
    /// Lets the next interrupt through: by writing 1 to the device, or for uio_pci_generic, which does not know that,
    /// by clearing the INTx-disable bit of the PCI function.
    /// </summary>
    /// <exception cref="UioException">
    /// ENOSYS: the driver has no irqcontrol. EIO: the device has no interrupt. EINVAL: it was unbound. EACCES, EPERM, ENODEV: the
    /// configuration space of its PCI function cannot be opened, which takes root.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public void EnableInterrupt()
    {
        lock (_gate)
            ThrowIfDisposed();

        // Of uio_pci_generic, too: the answer tells whether the function is still this device's, and not another driver's.
        Span<byte> enable = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(enable, 1);
        int result = Syscalls.Write(_file, enable);
        if (result == -Errno.ENOSYS && Info.Driver == PciGeneric)
            (Pci ?? throw UioException.From(Calls.OpenConfig, Info.DevicePath, -Errno.ENODEV)).InterruptDisabled = false;
        else if (result < 0)
            throw UioException.From(Calls.EnableInterrupt, Info.DevicePath, result);
    }

    /// <summary>The PCI function behind the device; null when it is not on PCI. It is disposed with the device.</summary>
    /// <exception cref="UioException">Its configuration space cannot be opened: that takes root.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public PciFunction? Pci
    {
        get
        {
            lock (_gate)
            {
                ThrowIfDisposed();
                if (_pci is null && PciFunction.Exists(Info.ParentName))
                    _pci = PciFunction.Open(Info.ParentName);
                return _pci;
            }
        }
    }

    /// <summary>
    /// Wakes whoever waits for an interrupt, brings the device to rest (<see cref="Quiesce"/>), ends the mappings, takes the
    /// registers away and closes the file, in this order. A mapping whose transfer could not be ended is left to the kernel,
    /// which ends it after the driver's release hook. From another thread or a second time it does nothing.
    /// </summary>
    /// <remarks>
    /// It does not wait for scopes in which the CPU writes. What they have written by then stays; what they write in a buffer
    /// that the device may write, while its mapping ends, may be lost.
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
        if (Quiesce is not null || IsUnbound)
            TryQuiesce(out _);
        else if (!WaitForTransfers(attachments))
            UioEventSource.Log.QuiesceFailed(Info, NoWayToStop);

        // Not while another thread brings the device to rest: it needs the registers and the file.
        lock (_quiesceGate)
        lock (_gate)
            Close();
    }

    /// <summary>Ends a mapping, once the device is done with it. False when another thread does, or has.</summary>
    internal bool Detach(Attachment attachment, DropWitness witness)
    {
        if (!attachment.TryBeginEnd())
            return false;

        witness.Watch(null);
        if (!attachment.IsIdle && !WaitForTransfers([attachment]) && !TryQuiesce(out Exception? failure) && !attachment.HasEnded)
        {
            throw new UioException(Calls.Quiesce, Info.DevicePath, Errno.EBUSY,
                $"a transfer is still under way and {WhyNotAtRest(failure)}; the buffer stays with the device until that is disposed", failure);
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
                    if (_state == State.Open) // otherwise Dispose ends it, and counts on that no transfer begins
                        attachment.CancelEnd();
                    throw new InvalidOperationException(
                        $"A scope in which the CPU writes is open on {attachment.Buffer}, and the end of a mapping that lets the device write would lose what it has written: dispose the scope first.");
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

            // That the device is gone is no fault of this call.
            if (result < 0 && result != -Errno.ENODEV)
                throw UioException.From(_imports.DetachCall, Info.DevicePath, result);
            return true;
        }
    }

    /// <summary>Has the kernel tell where the device reaches a buffer.</summary>
    internal void ReadRanges(Attachment attachment)
    {
        lock (_gate)
        {
            attachment.ThrowIfEnded();
            int result = _imports.ReadRanges(FileNumber, attachment);
            if (result < 0)
                throw UioException.From(Calls.Ranges, Info.DevicePath, result);
        }
    }

    /// <summary>Has the kernel write a bus address into a register.</summary>
    internal void WriteAddress(in WriteAddressArguments write)
    {
        lock (_gate)
        {
            ThrowIfDisposed();
            int result = Shim.WriteAddress(FileNumber, write);
            if (result < 0)
                throw UioException.From(Calls.WriteAddress, Info.DevicePath, result);
        }
    }

    /// <summary>A transfer was given up: nobody knows what the device does.</summary>
    internal void OnAbandonedTransfer(long ticket) => TryQuiesce(out _, ticket);

    /// <summary>The collector took a mapping that nobody had disposed.</summary>
    internal void OnDropped(Attachment attachment)
    {
        if (attachment.HasEnded)
            return;

        Interlocked.Increment(ref _dropped);
        UioEventSource.Log.MappingDropped(attachment);
    }

    private const string NoWayToStop = "the device has no Quiesce action to end it with";

    private string WhyNotAtRest(Exception? failure) => failure is not null ? $"the device could not be brought to rest ({failure.Message})"
        : Quiesce is null ? NoWayToStop
        : "its Quiesce action, which is to end it, runs already or has been tried";

    private string DebuggerDisplay => $"{Info}, {_attachments.Count} mappings{(_state != State.Open ? ", disposed" : "")}";

    /// <summary>The open file's number. Used under the lock, where the file is not closed.</summary>
    private int FileNumber => (int)_file.DangerousGetHandle();

    private bool IsQuiescer => Volatile.Read(ref _quiescer) is not 0 and int thread && thread == Environment.CurrentManagedThreadId;

    /// <summary>Waits until no transfer of these is under way, unless it takes too long.</summary>
    private bool WaitForTransfers(ReadOnlySpan<Attachment> attachments)
    {
        var deadline = new Deadline(_options.TransferTimeout);
        foreach (Attachment attachment in attachments)
        {
            if (!attachment.Buffer.Ledger.WaitUntilIdle(attachment, deadline))
                return false;
        }

        return true;
    }

    private void Close()
    {
        // What is still in transfer is left to the close, as is an unmap that fails: that ends all mappings of the file,
        // after the driver's release hook.
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
        _lock.Dispose();

        // Only now, so that a mapping whose unmap failed has had its buffer until the file was gone.
        foreach (Attachment attachment in _attachments)
        {
            attachment.Buffer.Ledger.EndTransfersOf(attachment, long.MaxValue);
            attachment.Buffer.RemoveMapping(attachment.Direction);
            UioEventSource.Log.Detached(attachment);
        }

        _attachments.Clear();
        _state = State.Closed;
    }

    /// <summary>
    /// Brings the device to rest, after which the transfers that had begun are over. False when it has no way to do that,
    /// or the way failed.
    /// </summary>
    /// <param name="failure">Why it failed.</param>
    /// <param name="ticket">
    /// The transfer that it is about. One that has been tried to end is not tried again: a driver gives up several at a time,
    /// and what does not stop may take seconds to say so.
    /// </param>
    private bool TryQuiesce(out Exception? failure, long ticket = long.MaxValue)
    {
        failure = null;
        lock (_quiesceGate)
        {
            // A transfer given up by the action itself; or all over with the file.
            if (_quiescer != 0 || _state == State.Closed || ticket <= _triedUpTo)
                return false;

            long lastTicket = _triedUpTo = AccessLedger.LastTicket;
            if (!IsUnbound && !TryRunQuiesce(out failure))
                return false;

            lock (_gate)
            {
                foreach (Attachment attachment in _attachments)
                    attachment.Buffer.Ledger.EndTransfersOf(attachment, lastTicket);
            }

            return true;
        }
    }

    private bool TryRunQuiesce(out Exception? failure)
    {
        failure = null;
        if (Quiesce is not { } quiesce)
            return false;

        _quiescer = Environment.CurrentManagedThreadId;
        try
        {
            quiesce();
            return true;
        }
#pragma warning disable CA1031 // Whatever it is, it means that the device may be running.
        catch (Exception error)
#pragma warning restore CA1031
        {
            failure = error;
            UioEventSource.Log.QuiesceFailed(Info, error.Message);
            return false;
        }
        finally
        {
            _quiescer = 0;
        }
    }

    /// <summary>
    /// Whether the kernel says that the device is gone. It has ended the mappings then, and what is there of the device may be
    /// another driver's: nothing is left to be brought to rest by this program.
    /// </summary>
    private bool IsUnbound => Features.AttachesByHandle && Shim.Query(_file, out _) == -Errno.ENODEV;

    private static string Join<T>(IReadOnlyCollection<T> items) => items.Count == 0 ? "none" : string.Join(", ", items);

    private void ThrowIfDisposed()
    {
        if (_state != State.Open && !(_state == State.Closing && IsQuiescer))
            throw new ObjectDisposedException(nameof(UioDevice), $"{Info.DevicePath} has been disposed.");
    }
}
