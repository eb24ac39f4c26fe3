using System.Runtime.CompilerServices;

namespace UioInterop.Devices;

/// <summary>
/// One channel of the DMA engine on Xilinx's Zynq UltraScale+ and Versal ("ZDMA"; its channels are GDMA in the full-power and
/// ADMA in the low-power domain): copies memory to memory. A driver to read and copy from.
/// </summary>
/// <remarks>
/// <para>Registers, under their names there: Zynq UltraScale+ Devices Register Reference (UG1087), module ZDMA. How they
/// play together: Technical Reference Manual (UG1085), chapter "DMA Controller".</para>
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
public sealed class ZynqMpDma : IDisposable
{
    /// <summary>How a device tree calls a channel.</summary>
    public const string Compatible = "xlnx,zynqmp-dma-1.0";

    /// <summary>The most that one descriptor describes, in bytes: 30 bits. A longer copy takes several, by itself.</summary>
    public const int MaxDescriptorLength = (1 << 30) - 1;

    /// <summary>How many buffers a channel keeps imported at least, once they have been used.</summary>
    public const int CachedBuffers = 32;

    internal const ZynqMpDmaEvents Errors =
        ZynqMpDmaEvents.InvalidRegister | ZynqMpDmaEvents.SourceDescriptorReadError
        | ZynqMpDmaEvents.DestinationDescriptorReadError | ZynqMpDmaEvents.ReadError | ZynqMpDmaEvents.WriteError;

    private static readonly Register<uint> InterruptStatus = new(0x100, "ZDMA_CH_ISR"); // writing ones clears them
    private static readonly Register<uint> InterruptMask = new(0x104, "ZDMA_CH_IMR"); // a one is disabled
    private static readonly Register<uint> InterruptEnable = new(0x108, "ZDMA_CH_IEN");
    private static readonly Register<uint> InterruptDisable = new(0x10c, "ZDMA_CH_IDS");
    private static readonly Register<uint> Control0 = new(0x110, "ZDMA_CH_CTRL0");
    private static readonly Register<uint> Status = new(0x11c, "ZDMA_CH_STATUS");
    private static readonly Register<uint> DataAttributes = new(0x120, "ZDMA_CH_DATA_ATTR");
    private static readonly Register<uint> DescriptorAttributes = new(0x124, "ZDMA_CH_DSCR_ATTR");
    private static readonly Register<uint> SourceWord0 = new(0x128, "ZDMA_CH_SRC_DSCR_WORD0"); // address
    private static readonly Register<uint> SourceWord1 = new(0x12c, "ZDMA_CH_SRC_DSCR_WORD1"); // address, upper part
    private static readonly Register<uint> SourceWord2 = new(0x130, "ZDMA_CH_SRC_DSCR_WORD2"); // length
    private static readonly Register<uint> SourceWord3 = new(0x134, "ZDMA_CH_SRC_DSCR_WORD3"); // control
    private static readonly Register<uint> DestinationWord0 = new(0x138, "ZDMA_CH_DST_DSCR_WORD0");
    private static readonly Register<uint> DestinationWord1 = new(0x13c, "ZDMA_CH_DST_DSCR_WORD1");
    private static readonly Register<uint> DestinationWord2 = new(0x140, "ZDMA_CH_DST_DSCR_WORD2");
    private static readonly Register<uint> DestinationWord3 = new(0x144, "ZDMA_CH_DST_DSCR_WORD3");
    private static readonly Register<uint> SourceListLow = new(0x158, "ZDMA_CH_SRC_START_LSB");
    private static readonly Register<uint> SourceListHigh = new(0x15c, "ZDMA_CH_SRC_START_MSB");
    private static readonly Register<uint> DestinationListLow = new(0x160, "ZDMA_CH_DST_START_LSB");
    private static readonly Register<uint> DestinationListHigh = new(0x164, "ZDMA_CH_DST_START_MSB");
    private static readonly Register<uint> Control2 = new(0x200, "ZDMA_CH_CTRL2");

    // ZDMA_CH_ISR, _IMR, _IEN, _IDS: the bits are ZynqMpDmaEvents.
    private const uint AllEvents = 0xfff;
    private const uint EnabledEvents = (uint)(Errors | ZynqMpDmaEvents.Done);

    // ZDMA_CH_CTRL0. MODE, bits 5:4, stays 0: read and write.
    private const uint Overfetch = 1 << 7; // OVR_FETCH, set after reset
    private const uint ScatterGather = 1 << 6; // POINT_TYPE: descriptors in memory, otherwise in the registers
    private const uint Continue = 1 << 1; // CONT: ends a pause

    // ZDMA_CH_STATUS, STATE. 0 is done, 3 done with an error.
    private const uint StateMask = 3;
    private const uint StatePaused = 1;
    private const uint StateBusy = 2;

    // ZDMA_CH_DATA_ATTR after reset: bursts with rising addresses, 16 transfers each.
    private const uint DefaultDataAttributes = 0x0483d20f;

    // ZDMA_CH_CTRL2
    private const uint Enable = 1;

    private const int RegistersLength = 0x204;

    // What is under way ends with its descriptor, and even a long one takes less.
    private static readonly TimeSpan QuiesceTimeout = TimeSpan.FromSeconds(1);

    // How soon a copy notices that somebody stopped the channel under it.
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(500);

    // SemaphoreSlim waits for less than 25 days at a time.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    // Held while the registers are written for a start or a stop, so that a start notices the stop before it.
    private readonly Lock _gate = new();
    private readonly Registers _registers;
    private int _stops;

    // One copy at a time. Who has the turn owns everything below.
    private readonly SemaphoreSlim _turn = new(1);
    private readonly DmaMappingCache _mappings;
    private readonly DescriptorList _descriptors;
    private readonly List<TransferLease> _from = [];
    private readonly List<TransferLease> _to = [];
    private readonly List<DmaRange> _fromPieces = [];
    private readonly List<DmaRange> _toPieces = [];
    private TransferLease _list;

    private ZynqMpDma(UioDevice device, Registers registers)
    {
        Device = device;
        _registers = registers;
        _mappings = new DmaMappingCache(device, CachedBuffers);
        _descriptors = new DescriptorList(device);
        device.Quiesce = Quiesce;
    }

    /// <summary>The UIO device, to import buffers with. It is disposed with this object.</summary>
    public UioDevice Device { get; }

    /// <summary>Whether a copy is under way.</summary>
    public bool IsBusy => State == StateBusy;

    /// <summary>For tests, which have no buffers longer than <see cref="MaxDescriptorLength"/>.</summary>
    internal int LongestDescriptor { get; set; } = MaxDescriptorLength;

    private uint State => _registers.Read(Status) & StateMask;

    /// <summary>Opens a channel, and brings it to rest.</summary>
    /// <param name="id">Which one, for example <c>UioDeviceId.FromParent("ffa80000.dma")</c>.</param>
    /// <param name="options">How; exclusively unless they say otherwise.</param>
    /// <exception cref="UioException">
    /// There is no such device, or it is open already (EBUSY). EIO: its device tree node has no interrupt.
    /// </exception>
    /// <exception cref="InvalidOperationException">It has no registers, or too few for a ZDMA channel.</exception>
    /// <exception cref="TimeoutException">It is busy with what a program before this one began, and stays so.</exception>
    public static ZynqMpDma Open(UioDeviceId id, UioOpenOptions? options = null)
    {
        UioDevice device = UioDevice.Open(id, options);
        try
        {
            UioMapInfo? map = device.Info.Maps.FirstOrDefault(map => map.Index == 0);
            if (map is null || map.Length < RegistersLength)
                throw new InvalidOperationException($"{device.Info} is not a ZDMA channel: its registers take 0x{RegistersLength:x} bytes, and it has {map?.ToString() ?? "none"}.");

            var dma = new ZynqMpDma(device, device.Map(map.Index));
            dma.Quiesce();
            dma._registers.Write(DataAttributes, DefaultDataAttributes);
            dma._registers.Write(DescriptorAttributes, 0);
            if (device.Features.RunsQuiescePrograms)
                device.SetQuiesceProgram(new QuiesceProgram()
                    .Write(dma._registers, InterruptDisable, AllEvents)
                    .Write(dma._registers, Control2, 0u)
                    .PollWhile(dma._registers, Status, StateMask, StateBusy, QuiesceTimeout));
            device.EnableInterrupt(); // throws now, not at the first copy, if there is none
            return dma;
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

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
    /// A buffer is imported as <see cref="DmaDirection.Bidirectional"/> when it is first used, and stays so until it is
    /// disposed, given to <see cref="Release"/>, or not used while <see cref="CachedBuffers"/> others are.
    /// </remarks>
    /// <param name="source">Where from.</param>
    /// <param name="sourceOffset">Where to begin there, in bytes.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="destinationOffset">Where to begin there, in bytes.</param>
    /// <param name="length">How many bytes, more than 0.</param>
    /// <param name="timeout">How long the copy may take, and the wait for its turn; or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="token">Ends the copy.</param>
    /// <returns>
    /// The interrupts that there were. It completes when the copy is done, or, whatever the failure, when the channel has
    /// stopped: then nothing touches the buffers any more. What of the destination has been written is not known then.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The lengths differ, source and destination overlap, or a mapping is another device's or for the other direction.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">The part is empty, or not inside of its buffer.</exception>
    /// <exception cref="InvalidOperationException">
    /// The CPU is in one of the buffers, the channel was stopped by <see cref="Quiesce"/>, or could not be stopped before.
    /// </exception>
    /// <exception cref="UioException">
    /// A buffer cannot be imported. EINVAL: it is not one range for the channel, and the kernel has only the boards' ioctls, so
    /// allocate it from <see cref="DmaHeap.Cma"/>. E2BIG: the same, of a kernel that keeps addresses to itself. ENOTTY: that has
    /// to be told them for a copy of several segments, or of one that is longer than <see cref="MaxDescriptorLength"/>.
    /// EBUSY: the program has imported it otherwise; give the mapping.
    /// </exception>
    /// <exception cref="ZynqMpDmaException">The channel met an error.</exception>
    /// <exception cref="TimeoutException">The time was over. The message says what the channel was doing.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">A buffer, a mapping or the channel has been disposed.</exception>
    public ValueTask<InterruptCount> CopyAsync(DmaBuf source, long sourceOffset, DmaBuf destination, long destinationOffset, long length, TimeSpan timeout, CancellationToken token = default) =>
        CopyAsync(new DmaSegment(source, sourceOffset, length), new DmaSegment(destination, destinationOffset, length), timeout, token);

    /// <summary>Copies all of an imported buffer into another of the same length.</summary>
    /// <inheritdoc cref="CopyAsync(DmaMapping, long, DmaMapping, long, long, TimeSpan, CancellationToken)"/>
    public ValueTask<InterruptCount> CopyAsync(DmaMapping source, DmaMapping destination, TimeSpan timeout, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        return CopyAsync(new DmaSegment(source, 0, source.Length), new DmaSegment(destination, 0, destination.Length), timeout, token);
    }

    /// <summary>Copies a part of an imported buffer into another.</summary>
    /// <remarks>They are imported into <see cref="Device"/>, in a direction that fits.</remarks>
    /// <inheritdoc cref="CopyAsync(DmaBuf, long, DmaBuf, long, long, TimeSpan, CancellationToken)"/>
    public ValueTask<InterruptCount> CopyAsync(DmaMapping source, long sourceOffset, DmaMapping destination, long destinationOffset, long length, TimeSpan timeout, CancellationToken token = default) =>
        CopyAsync(new DmaSegment(source, sourceOffset, length), new DmaSegment(destination, destinationOffset, length), timeout, token);

    /// <summary>
    /// Copies segments into segments, as if each side were one: scatter-gather. The two sides may be cut differently.
    /// </summary>
    /// <inheritdoc cref="CopyAsync(DmaBuf, long, DmaBuf, long, long, TimeSpan, CancellationToken)"/>
    public ValueTask<InterruptCount> CopyAsync(IReadOnlyList<DmaSegment> source, IReadOnlyList<DmaSegment> destination, TimeSpan timeout, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        return CopyAsync(new DmaSegments(source), new DmaSegments(destination), timeout, token);
    }

    /// <summary>Takes a buffer from the channel that a copy has imported, after the copy that is under way.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <returns>Whether the channel had it.</returns>
    public bool Release(DmaBuf buffer) => _mappings.Remove(buffer);

    /// <summary>
    /// Stops the channel, and returns when it touches no memory any more. A copy that is under way does not get done, and
    /// fails within a second.
    /// </summary>
    /// <exception cref="TimeoutException">The channel stays busy.</exception>
    /// <exception cref="ObjectDisposedException">The channel has been disposed.</exception>
    public void Quiesce()
    {
        lock (_gate)
        {
            _stops++;
            _registers.Write(InterruptDisable, AllEvents);
            _registers.Write(Control2, 0);

            // A channel that a descriptor told to pause waits, until CONT and no EN end that (UG1085, "Channel Disabled").
            if (State == StatePaused || ReadEvents().HasFlag(ZynqMpDmaEvents.Paused))
                _registers.Write(Control0, Continue);

            bool isAtRest = SpinWait.SpinUntil(() => !IsBusy, QuiesceTimeout);
            _registers.Write(InterruptStatus, AllEvents);
            _registers.Write(InterruptEnable, EnabledEvents); // in any case: it may stop later, and be used again
            if (!isAtRest)
                throw new TimeoutException($"{Device.Info} is still busy {QuiesceTimeout.TotalSeconds} s after it was disabled.");
        }
    }

    /// <summary>
    /// Disposes <see cref="Device"/>, which stops the channel first and ends the imports; copies that are under way or wait
    /// fail. The second time it does nothing.
    /// </summary>
    public void Dispose()
    {
        Device.Dispose();

        // The copies fail now, and hand on the turn until it is here.
        _turn.Wait();
        try
        {
            _descriptors.Dispose();
            _mappings.Clear();
        }
        finally
        {
            _turn.Release();
        }
    }

    private ValueTask<InterruptCount> CopyAsync(DmaSegment source, DmaSegment destination, TimeSpan timeout, CancellationToken token) =>
        CopyAsync(new DmaSegments(source), new DmaSegments(destination), timeout, token);

    private ValueTask<InterruptCount> CopyAsync(DmaSegments source, DmaSegments destination, TimeSpan timeout, CancellationToken token)
    {
        var deadline = new Deadline(timeout);
        source.Check(Device, DmaDirection.ToDevice, nameof(source));
        destination.Check(Device, DmaDirection.FromDevice, nameof(destination));
        if (source.Length != destination.Length)
            throw new ArgumentException($"The source is {source.Length} bytes long and the destination {destination.Length}: a copy needs as many on both sides.", nameof(destination));

        if (!Device.Features.TellsAddresses && source.Overlap(destination))
            throw new ArgumentException("Source and destination are the same bytes of a buffer in part. The channel may write what it has not read yet.", nameof(destination));

        return RunAsync(source, destination, deadline, token);
    }

    // One copy, from the wait for its turn to its end. Nothing is allocated for it, hence the pool.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<InterruptCount> RunAsync(DmaSegments source, DmaSegments destination, Deadline deadline, CancellationToken token)
    {
        while (!await _turn.WaitAsync(deadline.Slice(LongestWait), token).ConfigureAwait(false))
        {
            if (deadline.IsOver)
                throw new TimeoutException($"{Device.Info} was busy with other copies for {deadline.After.TotalMilliseconds:0} ms; this one has not begun.");
        }

        try
        {
            // A stop that failed has left it so.
            if (IsBusy)
                throw new InvalidOperationException($"{Device.Info} is still busy with a copy that was given up, and could not be stopped: reset it.");

            // Before the leases: one that a stop has ended must not be started with.
            int stops = Volatile.Read(ref _stops);
            BeginTransfers(source, _from);
            BeginTransfers(destination, _to);
            RefuseOverlap();
            Start(stops);
            InterruptCount count = await WaitForCompletionAsync(stops, deadline, token).ConfigureAwait(false);
            CompleteTransfers();
            return count;
        }
        finally
        {
            // A transfer that is not complete by now stops the channel here, so no failure needs more than this.
            try
            {
                EndTransfers();
            }
            finally
            {
                _turn.Release();
            }
        }
    }

    private void Start(int stops)
    {
        // A kernel that keeps addresses to itself does not say whether a part is contiguous, but refuses to write one that is not
        // (E2BIG). A list of descriptors could not be written anyway.
        bool isSimple = _from.Count == 1 && _to.Count == 1 && _from[0].Length <= LongestDescriptor
            && (!Device.Features.TellsAddresses || (_from[0].IsContiguous && _to[0].IsContiguous));
        int destinationOffset = 0;
        if (!isSimple)
            _list = _descriptors.Write(_from, _to, LongestDescriptor, out destinationOffset);

        lock (_gate)
        {
            ThrowIfStopped(stops);

            // Before the start: a device without its driver, and so without its mappings, does not get past this.
            _registers.Write(InterruptStatus, AllEvents);
            Device.EnableInterrupt();

            if (isSimple)
            {
                _registers.WriteRelaxed(Control0, Overfetch);
                _registers.WriteAddress(SourceWord0, SourceWord1, _from[0]);
                _registers.WriteRelaxed(SourceWord2, (uint)_from[0].Length);
                _registers.WriteRelaxed(SourceWord3, 0);
                _registers.WriteAddress(DestinationWord0, DestinationWord1, _to[0]);
                _registers.WriteRelaxed(DestinationWord2, (uint)_to[0].Length);
                _registers.WriteRelaxed(DestinationWord3, 0);
            }
            else
            {
                _registers.WriteRelaxed(Control0, Overfetch | ScatterGather);
                _registers.WriteAddress(SourceListLow, SourceListHigh, _list);
                _registers.WriteAddress(DestinationListLow, DestinationListHigh, _list, destinationOffset);
            }

            _registers.Write(Control2, Enable); // not relaxed: what is in memory comes first
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<InterruptCount> WaitForCompletionAsync(int stops, Deadline deadline, CancellationToken token)
    {
        while (true)
        {
            InterruptCount count;
            try
            {
                count = await Device.WaitForInterruptAsync(deadline.Slice(LookAgain), token).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                ThrowIfStopped(stops);
                if (deadline.IsOver)
                    throw new TimeoutException(WhyNoInterrupt(deadline.After));
                continue;
            }

            ZynqMpDmaEvents events = ReadEvents();
            if ((events & Errors) != 0)
                throw new ZynqMpDmaException(Device.Info, events);
            if (events.HasFlag(ZynqMpDmaEvents.Done))
                return count;

            ThrowIfStopped(stops);
            if (deadline.IsOver)
                throw new TimeoutException(WhyNoInterrupt(deadline.After));

            // One of a copy that was given up, which nobody waited for.
            _registers.Write(InterruptStatus, (uint)events);
            Device.EnableInterrupt();
        }
    }

    private void ThrowIfStopped(int stops)
    {
        if (Volatile.Read(ref _stops) != stops)
            throw new InvalidOperationException($"{Device.Info} was stopped before the copy was done.");
    }

    private string WhyNoInterrupt(TimeSpan timeout)
    {
        string what = $"{Device.Info} raised no interrupt within {timeout.TotalMilliseconds:0} ms, and has been told to stop: ";
        return what + (ReadEvents().HasFlag(ZynqMpDmaEvents.Done)
            ? $"the copy is done, but its interrupt did not arrive (see the device tree's interrupts; ZDMA_CH_IMR 0x{_registers.Read(InterruptMask):x3})."
            : IsBusy ? "the copy was under way." : $"the channel is not busy (ZDMA_CH_STATUS {State}).");
    }

    private ZynqMpDmaEvents ReadEvents() => (ZynqMpDmaEvents)_registers.Read(InterruptStatus);

    private void BeginTransfers(DmaSegments segments, List<TransferLease> leases)
    {
        for (int i = 0; i < segments.Count; i++)
        {
            DmaSegment segment = segments[i];
            leases.Add(segment.Mapping is { } mapping
                ? mapping.BeginTransfer(segment.Offset, segment.Length)
                : _mappings.BeginTransfer(segment.Buffer!, segment.Offset, segment.Length));
        }
    }

    // By address, so that two buffers over the same memory do not get past it. Where the kernel keeps addresses to itself,
    // what can be seen without has been refused before.
    private void RefuseOverlap()
    {
        if (!Device.Features.TellsAddresses)
            return;

        CollectPieces(_from, _fromPieces);
        CollectPieces(_to, _toPieces);
        for (int i = 0, j = 0; i < _fromPieces.Count && j < _toPieces.Count;)
        {
            DmaRange from = _fromPieces[i], to = _toPieces[j];
            if (EndsBefore(from, to))
                i++;
            else if (EndsBefore(to, from))
                j++;
            else
                throw new ArgumentException($"Source and destination overlap: {from.Length} bytes from {from.Offset} on and {to.Length} bytes from {to.Offset} on are the same memory in part. The channel may write what it has not read yet.");
        }

        static bool EndsBefore(DmaRange piece, DmaRange other) => piece.Address.Value + (ulong)piece.Length <= other.Address.Value;
    }

    /// <summary>What the leases are for, in the order of its addresses.</summary>
    private static void CollectPieces(List<TransferLease> leases, List<DmaRange> pieces)
    {
        pieces.Clear();
        foreach (TransferLease lease in leases)
        {
            for (long done = 0; done < lease.Length;)
            {
                DmaRange piece = lease.PieceAt(done);
                pieces.Add(piece);
                done += piece.Length;
            }
        }

        pieces.Sort(static (a, b) => a.Address.Value.CompareTo(b.Address.Value));
    }

    private void CompleteTransfers()
    {
        foreach (TransferLease lease in _from)
            lease.Complete();
        foreach (TransferLease lease in _to)
            lease.Complete();
        _list.Complete();
    }

    private void EndTransfers()
    {
        foreach (TransferLease lease in _from)
            lease.Dispose();
        foreach (TransferLease lease in _to)
            lease.Dispose();
        _list.Dispose();

        _from.Clear();
        _to.Clear();
        _list = default;
        _mappings.Trim();
    }
}
