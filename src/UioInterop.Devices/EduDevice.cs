using System.Runtime.CompilerServices;

namespace UioInterop.Devices;

/// <summary>Which way an <see cref="EduDevice"/> moves data.</summary>
public enum EduTransfer
{
    /// <summary>Out of memory, into the device.</summary>
    ToDevice,

    /// <summary>Out of the device, into memory.</summary>
    FromDevice,
}

/// <summary>
/// QEMU's educational PCI device (<c>-device edu</c>): it copies between memory and a buffer of its own, and interrupts
/// when it is done. A driver to read and copy from.
/// </summary>
/// <remarks>
/// <para>Registers and behaviour are from QEMU's docs/specs/edu.rst; names in quotation marks are those of that text.</para>
/// <para>The device reaches 28 bits of address unless QEMU is told otherwise (<c>-device edu,dma_mask=0xffffffff</c>).</para>
/// <para>One transfer at a time, so one thread at a time.</para>
/// </remarks>
public sealed class EduDevice : IDisposable
{
    /// <summary>The PCI vendor number.</summary>
    public const ushort VendorId = 0x1234;

    /// <summary>The PCI device number.</summary>
    public const ushort DeviceId = 0x11e8;

    /// <summary>
    /// The most that one transfer moves, in bytes. The device's buffer is 4096 bytes long, but QEMU 7.2 checks its end
    /// one byte too early, and a transfer that it finds too long ends the whole virtual machine.
    /// </summary>
    public const int MaxTransfer = 2048;

    // "MMIO area spec". Up to 0x80 the device answers accesses of 32 bits only, from there on 32 and 64.
    private static readonly Register<uint> Identification = new(0x00, "identification");
    private static readonly Register<uint> InterruptStatus = new(0x24, "interrupt status");
    private static readonly Register<uint> InterruptAcknowledge = new(0x64, "interrupt acknowledge");
    private static readonly Register<ulong> DmaSource = new(0x80, "DMA source address");
    private static readonly Register<ulong> DmaDestination = new(0x88, "DMA destination address");
    private static readonly Register<ulong> DmaCount = new(0x90, "DMA transfer count");
    private static readonly Register<ulong> DmaCommand = new(0x98, "DMA command");

    // "0xRRrr00edu", RR and rr being the major and minor version.
    private const uint IdentificationMask = 0x0000ffff;
    private const uint IdentificationValue = 0x000000ed;

    private const int NoSuchDevice = 19; // ENODEV

    // "DMA command register (RW)".
    private const ulong CommandStart = 1 << 0;
    private const ulong CommandFromDevice = 1 << 1;
    private const ulong CommandInterrupt = 1 << 2;

    // The interrupt that a transfer raises when it is done.
    private const uint InterruptDmaDone = 0x100;

    // "DMA controller": where the device's buffer is, in its own address space.
    private const ulong BufferAddress = 0x40000;
    private const int BufferLength = 4096;

    // A transfer takes 100 ms. Less than the kernel allows a program at most.
    private static readonly TimeSpan LastTransfer = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan QuiesceTimeout = TimeSpan.FromSeconds(5);

    // Held while the registers are written for a start or a stop, so that a start notices the stop before it.
    private readonly Lock _gate = new();
    private readonly Registers _registers;
    private readonly PciFunction _pci;
    private int _stops;

    private EduDevice(UioDevice device, Registers registers, PciFunction pci)
    {
        Device = device;
        _registers = registers;
        _pci = pci;
        device.Quiesce = Quiesce;
    }

    /// <summary>The UIO device, to import buffers with. It is disposed with this object.</summary>
    public UioDevice Device { get; }

    /// <summary>The PCI function.</summary>
    public PciFunction Pci => _pci;

    /// <summary>Whether a transfer is under way.</summary>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public bool IsBusy => (_registers.Read(DmaCommand) & CommandStart) != 0;

    /// <summary>Opens the only edu device of the machine.</summary>
    /// <param name="options">How; exclusively unless they say otherwise.</param>
    /// <exception cref="UioException">There is none, it is not bound to a UIO driver, or there is more than one; or it is open already.</exception>
    public static EduDevice Open(UioOpenOptions? options = null)
    {
        IReadOnlyList<string> found = PciFunction.Find(VendorId, DeviceId);
        if (found.Count != 1)
        {
            const int NotUnique = 76;
            throw new UioException("open", "edu (PCI 1234:11e8)", found.Count == 0 ? NoSuchDevice : NotUnique, found.Count == 0
                ? "the machine has none: start QEMU with -device edu,dma_mask=0xffffffff"
                : $"the machine has more than one, choose one by its address: {string.Join(", ", found)}");
        }

        return Open(UioDeviceId.FromParent(found[0]), options);
    }

    /// <summary>Opens an edu device.</summary>
    /// <param name="id">Which one, for example <c>UioDeviceId.FromParent("0000:00:02.0")</c>.</param>
    /// <param name="options">How; exclusively unless they say otherwise.</param>
    /// <exception cref="UioException">There is no such device, it is open already, or the process is not root.</exception>
    /// <exception cref="InvalidOperationException">It is not an edu.</exception>
    /// <exception cref="TimeoutException">It is busy with what a program before this one began, and stays so.</exception>
    public static EduDevice Open(UioDeviceId id, UioOpenOptions? options = null)
    {
        UioDevice device = UioDevice.Open(id, options);
        try
        {
            Registers registers = device.Map(0);
            if (device.Pci is not { } pci || !IsEdu(registers))
                throw new InvalidOperationException($"{device.Info} is not an edu device: its identification register reads 0x{registers.Read(Identification):x8}, not 0x....00ed.");

            var edu = new EduDevice(device, registers, pci);
            edu.Quiesce(); // of what a program before this one may have left running

            // The device cannot be told to stop. If this program dies, its buffers have to wait until it is done.
            if (device.Features.RunsQuiescePrograms)
                device.SetQuiesceProgram(new QuiesceProgram().Poll(registers, DmaCommand, CommandStart, 0u, LastTransfer));
            return edu;
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>Copies from memory into the device's buffer, and waits until that is done.</summary>
    /// <inheritdoc cref="CopyToDeviceAsync"/>
    public InterruptCount CopyToDevice(DmaMapping source, long offset, int length, TimeSpan timeout, int bufferOffset = 0) =>
        Copy(EduTransfer.ToDevice, source, DmaDirection.ToDevice, offset, length, timeout, bufferOffset);

    /// <summary>Copies from the device's buffer into memory, and waits until that is done.</summary>
    /// <inheritdoc cref="CopyFromDeviceAsync"/>
    public InterruptCount CopyFromDevice(DmaMapping destination, long offset, int length, TimeSpan timeout, int bufferOffset = 0) =>
        Copy(EduTransfer.FromDevice, destination, DmaDirection.FromDevice, offset, length, timeout, bufferOffset);

    /// <summary>Copies from memory into the device's buffer, and waits for the end without a thread.</summary>
    /// <param name="source">The memory, imported as <see cref="DmaDirection.ToDevice"/> or <see cref="DmaDirection.Bidirectional"/>.</param>
    /// <param name="offset">Where to begin in it, in bytes.</param>
    /// <param name="length">How many bytes, 1 to <see cref="MaxTransfer"/>.</param>
    /// <param name="timeout">How long to wait; not negative, nor <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="bufferOffset">Where to begin in the device's buffer, in bytes.</param>
    /// <param name="token">Ends the copy.</param>
    /// <returns>The interrupts that there were.</returns>
    /// <exception cref="ArgumentException">The mapping is not for this direction.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The range is not inside of the mapping, or of the device's buffer; or the timeout is negative.
    /// </exception>
    /// <exception cref="TimeoutException">The interrupt did not come. The device has been stopped.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled. The device has been stopped.</exception>
    /// <exception cref="InvalidOperationException">
    /// The CPU is in the memory, the device is busy or was stopped by <see cref="Quiesce"/>, or another asynchronous wait for its
    /// interrupt is under way.
    /// </exception>
    /// <exception cref="UioException">
    /// E2BIG: the memory is not contiguous for the device. EINVAL, EIO, ENODEV: the device was unbound.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The mapping or the device has been disposed.</exception>
    public ValueTask<InterruptCount> CopyToDeviceAsync(DmaMapping source, long offset, int length, TimeSpan timeout, int bufferOffset = 0, CancellationToken token = default)
    {
        CheckCopy(source, DmaDirection.ToDevice, length, timeout, bufferOffset);
        return CopyAsync(EduTransfer.ToDevice, source, offset, length, timeout, bufferOffset, token);
    }

    /// <summary>Copies from the device's buffer into memory, and waits for the end without a thread.</summary>
    /// <param name="destination">The memory, imported as <see cref="DmaDirection.FromDevice"/> or <see cref="DmaDirection.Bidirectional"/>.</param>
    /// <param name="offset">Where to begin in it, in bytes.</param>
    /// <param name="length">How many bytes, 1 to <see cref="MaxTransfer"/>.</param>
    /// <param name="timeout">How long to wait; not negative, nor <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="bufferOffset">Where to begin in the device's buffer, in bytes.</param>
    /// <param name="token">Ends the copy.</param>
    /// <inheritdoc cref="CopyToDeviceAsync"/>
    public ValueTask<InterruptCount> CopyFromDeviceAsync(DmaMapping destination, long offset, int length, TimeSpan timeout, int bufferOffset = 0, CancellationToken token = default)
    {
        CheckCopy(destination, DmaDirection.FromDevice, length, timeout, bufferOffset);
        return CopyAsync(EduTransfer.FromDevice, destination, offset, length, timeout, bufferOffset, token);
    }

    /// <summary>
    /// Starts a transfer and returns at once; the device makes it about 100 ms later. Nothing here keeps the memory
    /// mapped until then: that is what <see cref="CopyToDevice"/> and <see cref="CopyFromDevice"/> are for.
    /// </summary>
    /// <param name="transfer">Which way.</param>
    /// <param name="memory">Where the device reaches the memory.</param>
    /// <param name="length">How many bytes, 1 to <see cref="MaxTransfer"/>.</param>
    /// <param name="bufferOffset">Where to begin in the device's buffer, in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside of the device's buffer.</exception>
    /// <exception cref="InvalidOperationException">A transfer is under way.</exception>
    /// <exception cref="UioException">EINVAL, EIO: the device was unbound.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public void Start(EduTransfer transfer, DeviceAddress memory, int length, int bufferOffset = 0)
    {
        CheckStart(length, bufferOffset);
        lock (_gate)
        {
            PrepareStart();
            _registers.Write(transfer == EduTransfer.FromDevice ? DmaDestination : DmaSource, memory.Value);
            Start(transfer, length, bufferOffset);
        }
    }

    /// <summary>Waits for the interrupt of a transfer, acknowledges it, and enables the next.</summary>
    /// <param name="timeout">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <param name="count">The interrupts that there were.</param>
    /// <returns>Whether the transfer is done.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative.</exception>
    /// <exception cref="UioException">EINVAL, EIO: the device was unbound.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed, perhaps while this waited.</exception>
    public bool TryWaitForCompletion(TimeSpan timeout, out InterruptCount count)
    {
        var deadline = new Deadline(timeout);
        while (Device.TryWaitForInterrupt(deadline.Remaining, out count))
        {
            if (TryComplete())
                return true;
        }

        return false;
    }

    /// <summary>
    /// Brings the device to rest. A transfer that is under way loses its effect: the device cannot be told to stop, but
    /// a PCI function that may not master the bus reaches no memory. On return it is idle and ready for the next.
    /// </summary>
    /// <exception cref="TimeoutException">The device stays busy. It has been left without access to memory.</exception>
    /// <exception cref="UioException">ENODEV, EINVAL: it was unbound. Nothing has happened to it.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public void Quiesce()
    {
        // A PCI function without its driver may have another by now: its bus mastering is not ours. The kernel has taken the
        // registers away then, or else refuses to enable the interrupt, which comes first for that reason.
        if (!IsEdu(_registers))
            throw new UioException("read (identification)", Device.Info.DevicePath, NoSuchDevice, "the device was unbound from its UIO driver or unplugged");

        lock (_gate)
        {
            _stops++;
            if (IsBusy)
            {
                Device.EnableInterrupt();
                _pci.BusMaster = false;
                if (!TryWaitForCompletion(QuiesceTimeout, out _) && IsBusy)
                    throw new TimeoutException($"{Device.Info} is still busy after {QuiesceTimeout.TotalSeconds} s; it has been left without access to memory.");
            }

            AcknowledgeInterrupt();
            Device.EnableInterrupt();
            _pci.BusMaster = true;
        }
    }

    /// <summary>Disposes <see cref="Device"/>, which brings it to rest first. The second time it does nothing.</summary>
    public void Dispose() => Device.Dispose();

    private static bool IsEdu(Registers registers) => (registers.Read(Identification) & IdentificationMask) == IdentificationValue;

    // By way of the lease, so that it works where the kernel keeps addresses to itself.
    private void Start(EduTransfer transfer, TransferLease lease, int bufferOffset, int stops)
    {
        lock (_gate)
        {
            // A stop has ended the lease, and its buffer may be somebody else's by now.
            if (_stops != stops)
                throw new InvalidOperationException($"{Device.Info} was stopped before the transfer began.");

            PrepareStart();
            _registers.WriteAddress(transfer == EduTransfer.FromDevice ? DmaDestination : DmaSource, lease);
            Start(transfer, (int)lease.Length, bufferOffset);
        }
    }

    /// <summary>Starts a transfer; the device has been told where in memory.</summary>
    private void Start(EduTransfer transfer, int length, int bufferOffset)
    {
        bool fromDevice = transfer == EduTransfer.FromDevice;
        _registers.Write(fromDevice ? DmaSource : DmaDestination, BufferAddress + (ulong)bufferOffset);
        _registers.Write(DmaCount, (ulong)length);
        _registers.Write(DmaCommand, CommandStart | CommandInterrupt | (fromDevice ? CommandFromDevice : 0));
    }

    private void PrepareStart()
    {
        // An interrupt that nobody waited for would pass for this transfer's.
        AcknowledgeInterrupt();
        Device.TryWaitForInterrupt(TimeSpan.Zero, out _);
        Device.EnableInterrupt();

        // Off after a stop that failed, and after the close of another file of the device (uio_pci_generic). The device would
        // say that it is done all the same.
        if (!_pci.BusMaster)
            _pci.BusMaster = true;
    }

    private InterruptCount Copy(EduTransfer transfer, DmaMapping mapping, DmaDirection needed, long offset, int length, TimeSpan timeout, int bufferOffset)
    {
        CheckCopy(mapping, needed, length, timeout, bufferOffset);

        int stops = Volatile.Read(ref _stops); // before the lease
        using TransferLease lease = mapping.BeginTransfer(offset, length);
        Start(transfer, lease, bufferOffset, stops);
        if (!TryWaitForCompletion(timeout, out InterruptCount count))
            throw TimedOut(length, timeout);

        lease.Complete();
        return count;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<InterruptCount> CopyAsync(EduTransfer transfer, DmaMapping mapping, long offset, int length, TimeSpan timeout, int bufferOffset, CancellationToken token)
    {
        int stops = Volatile.Read(ref _stops); // before the lease
        using TransferLease lease = mapping.BeginTransfer(offset, length);
        Start(transfer, lease, bufferOffset, stops);
        var deadline = new Deadline(timeout);
        InterruptCount count;
        do
        {
            try
            {
                count = await Device.WaitForInterruptAsync(deadline.Remaining, token).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                throw TimedOut(length, timeout);
            }
        }
        while (!TryComplete());

        lease.Complete();
        return count;
    }

    private TimeoutException TimedOut(int length, TimeSpan timeout) =>
        new($"{Device.Info} raised no interrupt within {timeout.TotalMilliseconds:0} ms of a transfer of {length} bytes; it has been stopped.");

    // Before the lease: one that is given up stops the device, and whatever it does.
    private void CheckCopy(DmaMapping mapping, DmaDirection needed, int length, TimeSpan timeout, int bufferOffset)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        mapping.ThrowIfNotFor(Device, needed, nameof(mapping));
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        CheckStart(length, bufferOffset);
    }

    private void CheckStart(int length, int bufferOffset)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MaxTransfer);
        ArgumentOutOfRangeException.ThrowIfNegative(bufferOffset);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(bufferOffset, BufferLength - length); // "equal": see MaxTransfer

        // The device ignores its DMA registers while it is busy.
        if (IsBusy)
            throw new InvalidOperationException("The device is busy with a transfer: wait for it with TryWaitForCompletion.");
    }

    /// <summary>Takes an interrupt. False when it was not that of a transfer.</summary>
    private bool TryComplete()
    {
        // In this order: the line is level-triggered, and enabled too early it would interrupt again at once.
        uint status = AcknowledgeInterrupt();
        Device.EnableInterrupt();
        return (status & InterruptDmaDone) != 0;
    }

    private uint AcknowledgeInterrupt()
    {
        uint status = _registers.Read(InterruptStatus);
        _registers.Write(InterruptAcknowledge, status);
        return status;
    }
}
