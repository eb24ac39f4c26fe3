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
/// them in the order that is safe: waits first, then mappings, registers, and the file. A device that is not disposed
/// but unreachable is cleaned up by the kernel, in the kernel's order, when its file is closed.</para>
/// <para>uio_pci_generic switches bus mastering off when <i>any</i> file of the device is closed, which stops the DMA of
/// all others. Open such a device once.</para>
/// <para>Thread-safe. The kernel's side is in Documentation/driver-api/uio-howto.rst.</para>
/// </remarks>
[DebuggerDisplay("{DebuggerDisplay,nq}")]
public sealed class UioDevice : IDisposable
{
    private const string PciGeneric = "uio_pci_generic";

    // Protects everything below, and that no mapping is made or ended while another is or while the device closes.
    // A buffer's own lock is taken inside of it, never the other way round.
    private readonly object _gate = new();
    private readonly SafeFileHandle _file;
    private readonly SafeFileHandle _wake;
    private readonly HashSet<DmaMapping> _mappings = [];
    private readonly SortedDictionary<int, Registers> _registers = [];
    private PciFunction? _pci;
    private uint _interrupts;
    private int _waiters;
    private bool _disposed;

    private UioDevice(UioDeviceInfo info, SafeFileHandle file, SafeFileHandle wake, uint interrupts)
    {
        Info = info;
        _file = file;
        _wake = wake;
        _interrupts = interrupts;
    }

    /// <summary>What the kernel said about the device when it was opened.</summary>
    public UioDeviceInfo Info { get; }

    /// <summary>All UIO devices, by number. Empty when there are none, or the kernel has no UIO.</summary>
    public static IReadOnlyList<UioDeviceInfo> List() => SysFs.ReadUioDevices();

    /// <summary>Opens a device for reading and writing.</summary>
    /// <param name="id">Which one.</param>
    /// <exception cref="UioException">
    /// There is no such device, or more than one (the message lists what there is); or the node cannot be opened: no
    /// permission (the message has its owner and a udev rule), gone, no free descriptor.
    /// </exception>
    public static UioDevice Open(UioDeviceId id)
    {
        UioDeviceInfo info = Find(id);

        // Before the file is opened, whose count starts there: what comes in between is then reported and not lost.
        uint interrupts = SysFs.ReadInterruptCount(info.Number) ?? 0;

        // Not blocking: of two threads that wait, one may find that the other has read the count already.
        int result = Syscalls.Open(info.DevicePath, LibC.O_RDWR | LibC.O_NONBLOCK, out SafeFileHandle? file);
        if (result < 0)
            throw UioException.From(Calls.Open, info.DevicePath, result);

        result = Syscalls.OpenEvent(out SafeFileHandle? wake);
        if (result < 0)
        {
            file!.Dispose();
            throw UioException.From(Calls.CreateEvent, info.DevicePath, result);
        }

        return new UioDevice(info, file!, wake!, interrupts);
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

    /// <summary>Lets the device reach a buffer (UIO_IOC_MAP_DMABUF).</summary>
    /// <param name="buffer">The buffer. It may be disposed before the mapping; its memory stays until then.</param>
    /// <param name="direction">
    /// What the device will do with it. The scopes that <see cref="DmaBuf.BeginAccess"/> gives out follow it.
    /// </param>
    /// <returns>The mapping, which lasts until it or the device is disposed.</returns>
    /// <exception cref="UioException">
    /// ENOTTY: the kernel has no import. EBUSY: the device has this buffer already. EINVAL: it is not contiguous for
    /// the device. EACCES, ENOMEM, ENODEV: as the message says.
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
            buffer.AddMapping(direction);
            try
            {
                int result = Shim.Map(_file, buffer.File, (uint)direction, out ulong address, out ulong length);
                if (result < 0)
                    throw UioException.From(Calls.Import, Info.DevicePath, result);

                var mapping = new DmaMapping(this, buffer, direction, address, length);
                _mappings.Add(mapping);
                return mapping;
            }
            catch
            {
                buffer.RemoveMapping(direction);
                throw;
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
    public bool TryWaitForInterrupt(TimeSpan timeout, out InterruptCount count)
    {
        if (timeout < TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
            throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "A timeout is not negative, or Timeout.InfiniteTimeSpan.");

        lock (_gate)
        {
            ThrowIfDisposed();
            _waiters++;
        }

        try
        {
            return Wait(timeout, out count);
        }
        finally
        {
            lock (_gate)
            {
                _waiters--;
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>
    /// Lets the next interrupt through: by writing 1 to the device, or for uio_pci_generic, which does not know that,
    /// by clearing the INTx-disable bit of the PCI function.
    /// </summary>
    /// <exception cref="UioException">ENOSYS: the driver has no irqcontrol. EIO: the device has no interrupt.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public void EnableInterrupt()
    {
        if (Info.Driver == PciGeneric)
        {
            Pci!.InterruptDisabled = false;
            return;
        }

        lock (_gate)
            ThrowIfDisposed();

        Span<byte> enable = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(enable, 1);
        int result = Syscalls.Write(_file, enable);
        if (result < 0)
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
    /// Wakes whoever waits for an interrupt, ends the mappings, takes the registers away and closes the file, in this
    /// order. The device has to be at rest. From another thread or a second time it does nothing.
    /// </summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;

            _disposed = true;
            Syscalls.Signal(_wake);
            while (_waiters > 0)
                Monitor.Wait(_gate);

            // An unmap that fails is left to the close below, which ends all mappings of the file.
            foreach (DmaMapping mapping in _mappings)
            {
                _ = Shim.Unmap(_file, mapping.Buffer.File);
                mapping.MarkDetached();
            }

            // Registers that are still mapped would keep the file, and with it the mappings, from being released.
            foreach (Registers registers in _registers.Values)
                registers.Retire();

            _file.Dispose();
            _wake.Dispose();
            _pci?.Dispose();

            // Only now, so that a mapping whose unmap failed has had its buffer until the file was gone.
            foreach (DmaMapping mapping in _mappings)
                mapping.Buffer.RemoveMapping(mapping.Direction);
            _mappings.Clear();
        }
    }

    internal void Detach(DmaMapping mapping)
    {
        lock (_gate)
        {
            if (!_mappings.Contains(mapping))
                return;

            int result = Shim.Unmap(_file, mapping.Buffer.File);

            // Neither leaves a mapping behind: ENODEV when the device was unbound, ENOENT when somebody else ended it.
            bool ended = result >= 0 || result == -Errno.ENODEV || result == -Errno.ENOENT;
            if (ended)
            {
                _mappings.Remove(mapping);
                mapping.MarkDetached();
                mapping.Buffer.RemoveMapping(mapping.Direction);
            }

            // That the device is gone is no fault of this call.
            if (result < 0 && result != -Errno.ENODEV)
                throw UioException.From(Calls.Detach, Info.DevicePath, result);
        }
    }

    private string DebuggerDisplay => $"{Info}, {_mappings.Count} mappings{(_disposed ? ", disposed" : "")}";

    private static UioDeviceInfo Find(UioDeviceId id)
    {
        if (id.IsNone)
            throw new ArgumentException("The id names no device: make it with UioDeviceId.FromNumber, FromPath, FromName or FromParent.", nameof(id));

        IReadOnlyList<UioDeviceInfo> all = List();
        List<UioDeviceInfo> found = [.. all.Where(id.Matches)];
        if (found.Count == 1)
            return found[0];

        if (found.Count > 1)
        {
            throw new UioException(Calls.Open, id.ToString(), Errno.ENOTUNIQ,
                $"more than one device answers to that, choose one by its number or parent: {Join(found)}");
        }

        throw UioException.NotFound(Calls.Open, id.ToString(),
            !SysFs.HasUio ? "this kernel has no UIO: CONFIG_UIO=y, or modprobe uio, and sysfs on /sys" :
            all.Count == 0 ? "there is no UIO device at all: bind one to a UIO driver, such as uio_pci_generic or uio_pdrv_genirq" :
            $"there is: {Join(all)}");
    }

    private static string Join<T>(IReadOnlyCollection<T> items) => items.Count == 0 ? "none" : string.Join(", ", items);

    private bool Wait(TimeSpan timeout, out InterruptCount count)
    {
        count = default;
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        long start = Stopwatch.GetTimestamp();
        TimeSpan remaining = timeout;

        while (true)
        {
            int ready = Syscalls.WaitUntilReadable(_file, _wake, remaining);
            if (ready < 0)
                throw UioException.From(Calls.Wait, Info.DevicePath, ready);

            lock (_gate)
            {
                ThrowIfDisposed();
                if (ready == 0)
                    return false;

                // Under the lock, so that counts are compared in the order in which they were read.
                int result = Syscalls.Read(_file, bytes);
                if (result == bytes.Length)
                {
                    uint total = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
                    count = new InterruptCount(total, unchecked(total - _interrupts));
                    _interrupts = total;
                    return true;
                }

                if (result != -Errno.EAGAIN)
                    throw UioException.From(Calls.ReadInterrupt, Info.DevicePath, result < 0 ? result : -Errno.EIO);
            }

            // Another thread was faster.
            if (timeout != Timeout.InfiniteTimeSpan)
            {
                remaining = timeout - Stopwatch.GetElapsedTime(start);
                if (remaining < TimeSpan.Zero)
                    remaining = TimeSpan.Zero;
            }
        }
    }

    private void ThrowIfDisposed()
    {
        if (_disposed)
            throw new ObjectDisposedException(nameof(UioDevice), $"{Info.DevicePath} has been disposed.");
    }
}
