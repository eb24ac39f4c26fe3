using static UioInterop.Devices.ZynqMpDmaRegisters;

namespace UioInterop.Devices;

/// <summary>
/// One channel of the DMA engine on Xilinx's Zynq UltraScale+ and Versal ("ZDMA"; its channels are GDMA in the full-power and
/// ADMA in the low-power domain): copies memory to memory. A driver to read and copy from.
/// </summary>
/// <remarks>
/// <para>Registers, under their names there: Zynq UltraScale+ Devices Register Reference (UG1087), module ZDMA. Their use:
/// Technical Reference Manual (UG1085), chapter "DMA Controller".</para>
/// <para>Any address and length will do, aligned or not: the channel makes shorter accesses at the ends (UG1085,
/// "Implementation Notes"). Source and destination must not overlap.</para>
/// <para>Thread-safe. The channel makes one copy at a time; further ones wait for their turn, in their timeout.</para>
/// </remarks>
/// <example>
/// <code>
/// using var dma = ZynqMpDma.Open(UioDeviceId.FromParent("ffa80000.dma"));
/// using var source = DmaHeap.Cma.Allocate(4096);
/// using var destination = DmaHeap.Cma.Allocate(4096);
/// await dma.CopyAsync(source, destination, TimeSpan.FromSeconds(1));
/// </code>
/// </example>
public sealed class ZynqMpDma : OneShotEngine<ZynqMpCopy>, IDisposable
{
    /// <summary>A channel's <c>compatible</c> string in a device tree.</summary>
    public const string Compatible = "xlnx,zynqmp-dma-1.0";

    /// <summary>The most that one descriptor describes, in bytes: 30 bits. A longer copy is cut into several.</summary>
    public const int MaxDescriptorLength = (1 << 30) - 1;

    /// <summary>How many buffers a channel keeps imported at least, once they have been used.</summary>
    public const int CachedBuffers = 32;

    // A copy under way ends with its descriptor; even a long descriptor takes less.
    private static readonly TimeSpan ResetTimeout = TimeSpan.FromSeconds(1);

    private readonly DmaMappingCache _mappings;
    private readonly DescriptorList _descriptors;
    private readonly CopyOverlap _overlap = new();
    private int _destinationOffset; // where the current copy's destination descriptors begin in the list

    private ZynqMpDma(DeviceSession session) : base(session)
    {
        _mappings = new DmaMappingCache(Device, CachedBuffers);
        _descriptors = new DescriptorList(Device);
    }

    /// <summary>Whether a copy is under way.</summary>
    public bool IsBusy => State == StateBusy;

    /// <summary>For tests, which have no buffers longer than <see cref="MaxDescriptorLength"/>.</summary>
    internal int LongestDescriptor { get; set; } = MaxDescriptorLength;

    /// <inheritdoc/>
    protected override QuiesceProgram StopProgram => new QuiesceProgram(Registers)
        .Write(InterruptDisable, AllEvents)
        .Write(Control2, 0u)
        .PollWhile(Status, StateMask, StateBusy, ResetTimeout);

    private uint State => Registers.Read(Status) & StateMask;

    /// <summary>Opens a channel, and brings it to rest.</summary>
    /// <param name="id">Which one, for example <c>UioDeviceId.FromParent("ffa80000.dma")</c>.</param>
    /// <param name="options">How; exclusively unless they say otherwise.</param>
    /// <exception cref="UioException">
    /// There is no such device, or it is open already (EBUSY). EIO: its device tree node has no interrupt.
    /// </exception>
    /// <exception cref="InvalidOperationException">It has no registers, or too few for a ZDMA channel.</exception>
    /// <exception cref="TimeoutException">It stays busy with a copy that an earlier program began.</exception>
    public static ZynqMpDma Open(UioDeviceId id, UioOpenOptions? options = null) => DeviceSession.Open(id, options, session =>
    {
        UioDeviceInfo info = session.Device.Info;
        UioMapInfo? map = info.Maps.FirstOrDefault(map => map.Index == 0);
        if (map is null || map.Length < ZynqMpDmaRegisters.Length)
            throw new InvalidOperationException($"{info} is not a ZDMA channel: its registers take 0x{ZynqMpDmaRegisters.Length:x} bytes, "
                + $"and it has {map?.ToString() ?? "none"}.");

        return new ZynqMpDma(session);
    });

    /// <summary>Copies all of a buffer into another of the same length. Buffers of a heap have whole pages.</summary>
    /// <inheritdoc cref="CopyAsync(DmaBuf, long, DmaBuf, long, long, TimeSpan, CancellationToken)"/>
    public ValueTask<InterruptCount> CopyAsync(DmaBuf source, DmaBuf destination, TimeSpan timeout, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        return CopyAsync(new DmaSegment(source, 0, source.Length), new DmaSegment(destination, 0, destination.Length), timeout, token);
    }

    /// <summary>Copies a part of a buffer into another, or into another part of the same.</summary>
    /// <remarks>
    /// A buffer is imported as <see cref="DmaDirection.Bidirectional"/> when it is first used. It stays imported until it is
    /// disposed, given to <see cref="Release"/>, or not used while <see cref="CachedBuffers"/> others are.
    /// </remarks>
    /// <param name="source">Where from.</param>
    /// <param name="sourceOffset">Where to begin there, in bytes.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="destinationOffset">Where to begin there, in bytes.</param>
    /// <param name="length">How many bytes, more than 0.</param>
    /// <param name="timeout">How long it may take, with the wait for its turn; or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="token">Ends the copy.</param>
    /// <exception cref="ArgumentException">
    /// The lengths differ, source and destination overlap, or a mapping is another device's or for the other direction.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">The part is empty, or not inside of its buffer.</exception>
    /// <exception cref="UioException">
    /// A buffer cannot be imported. EINVAL: it is not one range for the channel, and the kernel has only the boards' ioctls, so
    /// allocate it from <see cref="DmaHeap.Cma"/>. E2BIG: the same, on a kernel that keeps addresses to itself. ENOTTY: such a
    /// kernel cannot copy several segments, nor one longer than <see cref="MaxDescriptorLength"/>: their descriptors hold
    /// addresses. EBUSY: the program has imported the buffer itself; pass that mapping.
    /// </exception>
    /// <exception cref="ZynqMpDmaException">The channel met an error.</exception>
    /// <inheritdoc cref="OneShotEngine{TRequest}.RunAsync(TRequest, TimeSpan, CancellationToken)"/>
    public ValueTask<InterruptCount> CopyAsync(DmaBuf source, long sourceOffset, DmaBuf destination, long destinationOffset, long length,
        TimeSpan timeout, CancellationToken token = default) =>
        CopyAsync(new DmaSegment(source, sourceOffset, length), new DmaSegment(destination, destinationOffset, length), timeout, token);

    /// <summary>Copies all of an imported buffer into another of the same length.</summary>
    /// <inheritdoc cref="CopyAsync(DmaMapping, long, DmaMapping, long, long, TimeSpan, CancellationToken)"/>
    public ValueTask<InterruptCount> CopyAsync(DmaMapping source, DmaMapping destination, TimeSpan timeout,
        CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        return CopyAsync(new DmaSegment(source, 0, source.Length), new DmaSegment(destination, 0, destination.Length), timeout, token);
    }

    /// <summary>Copies a part of an imported buffer into another.</summary>
    /// <remarks>They are imported into <see cref="Engine.Device"/>, in a direction that fits.</remarks>
    /// <inheritdoc cref="CopyAsync(DmaBuf, long, DmaBuf, long, long, TimeSpan, CancellationToken)"/>
    public ValueTask<InterruptCount> CopyAsync(DmaMapping source, long sourceOffset, DmaMapping destination, long destinationOffset,
        long length, TimeSpan timeout, CancellationToken token = default) =>
        CopyAsync(new DmaSegment(source, sourceOffset, length), new DmaSegment(destination, destinationOffset, length), timeout, token);

    /// <summary>
    /// Copies segments into segments, as if each side were one: scatter-gather. The two sides may be cut differently.
    /// </summary>
    /// <inheritdoc cref="CopyAsync(DmaBuf, long, DmaBuf, long, long, TimeSpan, CancellationToken)"/>
    public ValueTask<InterruptCount> CopyAsync(IReadOnlyList<DmaSegment> source, IReadOnlyList<DmaSegment> destination, TimeSpan timeout,
        CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        return CopyAsync(new DmaSegments(source), new DmaSegments(destination), timeout, token);
    }

    /// <summary>Ends the channel's import of a buffer, after the copy that is under way.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <returns>Whether the channel had it.</returns>
    public bool Release(DmaBuf buffer) => _mappings.Remove(buffer);

    /// <summary>Closes the device, which stops the channel first and ends the imports. Later calls do nothing.</summary>
    public void Dispose() => Session.Dispose();

    /// <inheritdoc/>
    protected override void Begin(in ZynqMpCopy request, TransferLeases leases)
    {
        Begin(request.Source, leases);
        Begin(request.Destination, leases);
        ReadOnlySpan<TransferLease> from = leases.AsSpan()[..request.Source.Count], to = leases.AsSpan()[request.Source.Count..];

        // Compares addresses, to find two buffers over the same memory as well. Where the kernel keeps addresses to itself,
        // only the earlier check of buffers and offsets applies.
        if (Device.Features.ExposesAddresses)
            _overlap.Refuse(from, to);

        // A kernel that keeps addresses to itself does not say whether a part is contiguous, but refuses to write the address of
        // one that is not (E2BIG). A list of descriptors could not be written anyway.
        bool isSimple = from.Length == 1 && to.Length == 1 && from[0].Length <= LongestDescriptor
            && (!Device.Features.ExposesAddresses || (from[0].IsContiguous && to[0].IsContiguous));
        if (!isSimple)
            leases.Add(_descriptors.Write(from, to, LongestDescriptor, out _destinationOffset));
    }

    /// <inheritdoc/>
    protected override void Start(in ZynqMpCopy request, TransferLeases leases)
    {
        if (leases.Count > request.Source.Count + request.Destination.Count)
        {
            TransferLease list = leases[^1];
            Registers.WriteRelaxed(Control0, Overfetch | ScatterGather);
            Registers.WriteAddress(SourceListLow, SourceListHigh, list);
            Registers.WriteAddress(DestinationListLow, DestinationListHigh, list, _destinationOffset);
        }
        else
        {
            Registers.WriteRelaxed(Control0, Overfetch);
            Registers.WriteAddress(SourceWord0, SourceWord1, leases[0]);
            Registers.WriteRelaxed(SourceWord2, (uint)leases[0].Length);
            Registers.WriteRelaxed(SourceWord3, 0);
            Registers.WriteAddress(DestinationWord0, DestinationWord1, leases[1]);
            Registers.WriteRelaxed(DestinationWord2, (uint)leases[1].Length);
            Registers.WriteRelaxed(DestinationWord3, 0);
        }

        Registers.Write(Control2, Enable); // not relaxed: earlier writes to memory come first
    }

    /// <inheritdoc/>
    protected override EngineState Acknowledge()
    {
        ZynqMpDmaEvents events = ReadEvents();
        Registers.Write(InterruptStatus, (uint)events);
        if ((events & ZynqMpDmaException.Errors) != 0)
            throw new ZynqMpDmaException(Device.Info, events);
        return events.HasFlag(ZynqMpDmaEvents.Done) ? EngineState.Done : EngineState.Busy;
    }

    /// <inheritdoc/>
    protected override void Reset()
    {
        Registers.Write(InterruptDisable, AllEvents);
        Registers.Write(Control2, 0);

        // A channel that a descriptor paused waits until CONT without EN ends the pause (UG1085, "Channel Disabled").
        if (State == StatePaused || ReadEvents().HasFlag(ZynqMpDmaEvents.Paused))
            Registers.Write(Control0, Continue);

        bool isAtRest = SpinWait.SpinUntil(() => !IsBusy, ResetTimeout);
        Registers.Write(InterruptStatus, AllEvents);
        Registers.Write(InterruptEnable, EnabledEvents); // in any case: it may stop later, and be used again
        if (!isAtRest)
            throw new TimeoutException($"{Device.Info} is still busy {ResetTimeout.TotalSeconds} s after it was disabled.");

        Registers.Write(DataAttributes, DefaultDataAttributes);
        Registers.Write(DescriptorAttributes, 0);
    }

    /// <inheritdoc/>
    protected override string DescribeTimeout(TimeSpan timeout)
    {
        string what = $"{Device.Info} raised no interrupt within {timeout.TotalMilliseconds:0} ms, and has been told to stop: ";
        return what + (ReadEvents().HasFlag(ZynqMpDmaEvents.Done)
            ? "the copy is done, but its interrupt did not arrive (see the device tree's interrupts; ZDMA_CH_IMR "
                + $"0x{Registers.Read(InterruptMask):x3})."
            : IsBusy ? "the copy was under way." : $"the channel is not busy (ZDMA_CH_STATUS {State}).");
    }

    /// <inheritdoc/>
    protected override void Ended() => _mappings.Trim();

    /// <inheritdoc/>
    protected override void Close()
    {
        _descriptors.Dispose();
        _mappings.Clear();
    }

    private ValueTask<InterruptCount> CopyAsync(DmaSegment source, DmaSegment destination, TimeSpan timeout, CancellationToken token) =>
        CopyAsync(new DmaSegments(source), new DmaSegments(destination), timeout, token);

    private ValueTask<InterruptCount> CopyAsync(DmaSegments source, DmaSegments destination, TimeSpan timeout, CancellationToken token)
    {
        source.Check(Device, DmaDirection.ToDevice, nameof(source));
        destination.Check(Device, DmaDirection.FromDevice, nameof(destination));
        if (source.Length != destination.Length)
            throw new ArgumentException($"The source is {source.Length} bytes long and the destination {destination.Length}: a copy "
                + "needs as many on both sides.", nameof(destination));

        if (!Device.Features.ExposesAddresses && source.Overlap(destination))
            throw new ArgumentException("Source and destination are the same bytes of a buffer in part. The channel may "
                + "write what it has not read yet.", nameof(destination));

        return RunAsync(new ZynqMpCopy(source, destination), timeout, token);
    }

    private void Begin(DmaSegments segments, TransferLeases leases)
    {
        for (int i = 0; i < segments.Count; i++)
        {
            DmaSegment segment = segments[i];
            leases.Add(segment.Mapping is { } mapping
                ? mapping.BeginTransfer(segment.Offset, segment.Length)
                : _mappings.BeginTransfer(segment.Buffer!, segment.Offset, segment.Length));
        }
    }

    private ZynqMpDmaEvents ReadEvents() => (ZynqMpDmaEvents)Registers.Read(InterruptStatus);
}
