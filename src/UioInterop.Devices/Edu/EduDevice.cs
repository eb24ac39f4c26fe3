using static UioInterop.Devices.EduRegisters;

namespace UioInterop.Devices;

/// <summary>
/// QEMU's educational PCI device (<c>-device edu</c>): it copies between memory and a buffer of its own, and interrupts
/// when it is done. A driver to read and copy from.
/// </summary>
/// <remarks>
/// <para>Registers and behaviour are from QEMU's docs/specs/edu.rst; names in quotation marks are those of that text.</para>
/// <para>The device reaches 28 bits of address unless QEMU is told otherwise (<c>-device edu,dma_mask=0xffffffff</c>).</para>
/// <para>Copies are thread-safe, and wait for their turn. <see cref="Start(EduTransfer, DeviceAddress, int, int)"/> and
/// <see cref="TryWaitForCompletion"/> are for one thread, with no copy beside them.</para>
/// </remarks>
public sealed partial class EduDevice : OneShotEngine<EduCopy>, IDisposable
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

    private const int NoSuchDevice = 19, NotUnique = 76; // ENODEV, ENOTUNIQ

    // A transfer takes 100 ms. Less than the kernel's limit for a quiesce program.
    private static readonly TimeSpan LastTransfer = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ResetTimeout = TimeSpan.FromSeconds(5);

    private EduDevice(DeviceSession session) : base(session)
    {
        Pci = session.Device.Pci!;
        if (Pci is null || !IsEdu)
            throw new InvalidOperationException($"{Device.Info} is not an edu device: its identification register reads "
                + $"0x{Registers.Read(Identification):x8}, not 0x....00ed.");
    }

    /// <summary>The PCI function.</summary>
    public PciFunction Pci { get; }

    /// <summary>Whether a transfer is under way.</summary>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public bool IsBusy => (Registers.Read(DmaCommand) & CommandStart) != 0;

    /// <summary>The device cannot be told to stop. If this program dies, its buffers have to wait until it is done.</summary>
    protected override QuiesceProgram StopProgram => new QuiesceProgram(Registers).Poll(DmaCommand, CommandStart, 0u, LastTransfer);

    private bool IsEdu => (Registers.Read(Identification) & IdentificationMask) == IdentificationValue;

    /// <summary>Opens the only edu device of the machine.</summary>
    /// <param name="options">How; exclusively unless they say otherwise.</param>
    /// <exception cref="UioException">
    /// There is none, it is not bound to a UIO driver, or there is more than one; or it is open already.
    /// </exception>
    public static EduDevice Open(UioOpenOptions? options = null)
    {
        IReadOnlyList<string> found = PciFunction.Find(VendorId, DeviceId);
        if (found.Count == 1)
            return Open(UioDeviceId.FromParent(found[0]), options);

        throw new UioException("open", "edu (PCI 1234:11e8)", found.Count == 0 ? NoSuchDevice : NotUnique, found.Count == 0
            ? "the machine has none: start QEMU with -device edu,dma_mask=0xffffffff"
            : $"the machine has more than one, choose one by its address: {string.Join(", ", found)}");
    }

    /// <summary>Opens an edu device.</summary>
    /// <param name="id">Which one, for example <c>UioDeviceId.FromParent("0000:00:02.0")</c>.</param>
    /// <param name="options">How; exclusively unless they say otherwise.</param>
    /// <exception cref="UioException">There is no such device, it is open already, or the process is not root.</exception>
    /// <exception cref="InvalidOperationException">It is not an edu.</exception>
    /// <exception cref="TimeoutException">It stays busy with a transfer that an earlier program began.</exception>
    public static EduDevice Open(UioDeviceId id, UioOpenOptions? options = null) =>
        DeviceSession.Open(id, options, session => new EduDevice(session));

    /// <summary>Copies from memory into the device's buffer, and waits until that is done.</summary>
    /// <inheritdoc cref="CopyToDeviceAsync"/>
    public InterruptCount CopyToDevice(DmaMapping memory, long offset, int length, TimeSpan timeout, int bufferOffset = 0) =>
        Run(Check(EduTransfer.ToDevice, memory, offset, length, bufferOffset), timeout);

    /// <summary>Copies from the device's buffer into memory, and waits until that is done.</summary>
    /// <inheritdoc cref="CopyToDeviceAsync"/>
    public InterruptCount CopyFromDevice(DmaMapping memory, long offset, int length, TimeSpan timeout, int bufferOffset = 0) =>
        Run(Check(EduTransfer.FromDevice, memory, offset, length, bufferOffset), timeout);

    /// <summary>Copies from memory into the device's buffer, and waits for the end without a thread.</summary>
    /// <param name="memory">The memory, imported for this direction or as <see cref="DmaDirection.Bidirectional"/>.</param>
    /// <param name="offset">Where to begin in it, in bytes.</param>
    /// <param name="length">How many bytes, 1 to <see cref="MaxTransfer"/>.</param>
    /// <param name="timeout">How long it may take, with the wait for its turn; or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="bufferOffset">Where to begin in the device's buffer, in bytes.</param>
    /// <param name="token">Ends the copy.</param>
    /// <exception cref="ArgumentException">The mapping is not for this direction, or another device's.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The range is not inside of the mapping, or of the device's buffer; or the timeout is negative.
    /// </exception>
    /// <inheritdoc cref="OneShotEngine{TRequest}.RunAsync(TRequest, TimeSpan, CancellationToken)"/>
    public ValueTask<InterruptCount> CopyToDeviceAsync(DmaMapping memory, long offset, int length, TimeSpan timeout, int bufferOffset = 0,
        CancellationToken token = default) =>
        RunAsync(Check(EduTransfer.ToDevice, memory, offset, length, bufferOffset), timeout, token);

    /// <summary>Copies from the device's buffer into memory, and waits for the end without a thread.</summary>
    /// <inheritdoc cref="CopyToDeviceAsync"/>
    public ValueTask<InterruptCount> CopyFromDeviceAsync(DmaMapping memory, long offset, int length, TimeSpan timeout,
        int bufferOffset = 0, CancellationToken token = default) =>
        RunAsync(Check(EduTransfer.FromDevice, memory, offset, length, bufferOffset), timeout, token);

    /// <summary>Disposes the device, which brings it to rest first. Later calls do nothing.</summary>
    public void Dispose() => Session.Dispose();

    /// <inheritdoc/>
    protected override void Begin(in EduCopy request, TransferLeases leases)
    {
        ThrowIfBusy();
        leases.Add(request.Memory.Mapping.BeginTransfer(request.Memory.Offset, request.Memory.Length));
    }

    /// <inheritdoc/>
    protected override void Start(in EduCopy request, TransferLeases leases)
    {
        // Through the lease, so that it works where the kernel keeps addresses to itself.
        Registers.WriteAddress(request.Transfer == EduTransfer.FromDevice ? DmaDestination : DmaSource, leases[0]);
        Start(request.Transfer, (int)request.Memory.Length, request.BufferOffset);
    }

    /// <inheritdoc/>
    protected override EngineState Acknowledge() => (TakeEvents() & InterruptDmaDone) != 0 ? EngineState.Done : EngineState.Busy;

    /// <summary>
    /// Takes bus mastering away and waits: the device cannot be told to stop, but without bus mastering its transfer reaches no
    /// memory.
    /// </summary>
    protected override void Reset()
    {
        // An unbound PCI function may have another driver by now, and its bus mastering is not ours. The kernel has taken the
        // registers away then, or refuses to enable the interrupt, which is tried first for that reason.
        if (!IsEdu)
            throw new UioException("read (identification)", Device.Info.DevicePath, NoSuchDevice,
                "the device was unbound from its UIO driver or unplugged");

        Device.EnableInterrupt();
        if (IsBusy)
        {
            Pci.BusMaster = false;
            if (!Registers.WaitFor(DmaCommand, CommandStart, 0u, ResetTimeout))
                throw new TimeoutException($"{Device.Info} is still busy after {ResetTimeout.TotalSeconds} s; it has been "
                    + "left without access to memory.");
        }

        TakeEvents();
        Device.EnableInterrupt();
        Pci.BusMaster = true;
    }

    /// <summary>Starts a transfer. The device has the memory's address already.</summary>
    private void Start(EduTransfer transfer, int length, int bufferOffset)
    {
        // Off after a stop that failed, and after the close of another file of the device (uio_pci_generic).
        if (!Pci.BusMaster)
            Pci.BusMaster = true;

        bool fromDevice = transfer == EduTransfer.FromDevice;
        Registers.Write(fromDevice ? DmaSource : DmaDestination, BufferAddress + (ulong)bufferOffset);
        Registers.Write(DmaCount, (ulong)length);
        Registers.Write(DmaCommand, CommandStart | CommandInterrupt | (fromDevice ? CommandFromDevice : 0));
    }

    private EduCopy Check(EduTransfer transfer, DmaMapping mapping, long offset, int length, int bufferOffset)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        mapping.ThrowIfUnusable(Device, transfer == EduTransfer.ToDevice ? DmaDirection.ToDevice : DmaDirection.FromDevice,
            nameof(mapping));
        CheckRange(length, bufferOffset);
        return new EduCopy(transfer, new TransferPart(mapping, offset, length), bufferOffset);
    }

    // The device ignores its DMA registers while it is busy.
    private void ThrowIfBusy()
    {
        if (IsBusy)
            throw new InvalidOperationException("The device is busy with a transfer: wait for it with TryWaitForCompletion.");
    }

    private static void CheckRange(int length, int bufferOffset)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MaxTransfer);
        ArgumentOutOfRangeException.ThrowIfNegative(bufferOffset);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(bufferOffset, BufferLength - length); // "equal": see MaxTransfer
    }

    private uint TakeEvents()
    {
        uint status = Registers.Read(InterruptStatus);
        Registers.Write(InterruptAcknowledge, status);
        return status;
    }
}
