using System.Runtime.CompilerServices;

namespace UioInterop.Devices;

/// <summary>
/// One channel of the AXI DMA: MM2S, which sends, or S2MM, which receives. It moves one packet after the other; those that are asked
/// for meanwhile wait for their turn.
/// </summary>
/// <remarks>
/// Giving up a transfer resets the core, and so ends the other channel's transfer: PG021 has no other stop that is sure to end
/// (MM2S_DMACR, Reset).
/// </remarks>
public sealed class AxiDmaChannel : OneShotEngine<AxiDmaPacket>
{
    private readonly AxiDmaPort _port;
    private readonly AxiDmaOptions _options;
    private readonly DmaMappingCache _mappings;
    private readonly Stack<AxiDmaReceipt> _receipts = []; // the unused ones; under its own lock
    private readonly AxiDmaRing? _ring;
    private AxiDmaReceipt? _receipt; // of the packet under way; under the domain's lock

    internal AxiDmaChannel(AxiDmaSide side, DmaDirection direction) : base(side.Session, domain: side.Domain)
    {
        Direction = direction;
        _options = side.Options;
        _port = new AxiDmaPort(Registers, direction, _options);
        _mappings = new DmaMappingCache(Device, AxiDma.CachedBuffers);
        if (!_port.HasScatterGather)
            return;

        ThrowIfAddressesAreHidden(Device, this);
        _ring = new AxiDmaRing(Device, _options);
    }

    /// <summary>The direction of the channel's transfers.</summary>
    public DmaDirection Direction { get; }

    /// <summary>The channel's status, as read now.</summary>
    public AxiDmaStatus Status => _port.Status;

    /// <summary>Whether the core was built with scatter-gather. If not, a packet is one range and one length register long.</summary>
    public bool HasScatterGather => _ring is not null;

    /// <summary>The longest packet, in bytes; with scatter-gather, the longest part of one descriptor.</summary>
    public int MaxLength => _options.MaxLength;

    /// <inheritdoc/>
    protected override QuiesceProgram StopProgram => _port.StopProgram;

    /// <summary>The channel in words: the guide's name and the device.</summary>
    public override string ToString() => $"{_port.Own.Channel} of the AXI DMA {Device.Info}";

    /// <summary>Ends the import of a buffer, if a transfer has imported it.</summary>
    internal bool Release(DmaBuf buffer) => _mappings.Remove(buffer);

    internal static void ThrowIfAddressesAreHidden(UioDevice device, Engine engine)
    {
        if (!device.Features.ExposesAddresses)
        {
            throw new InvalidOperationException(
                $"{engine} was built with scatter-gather: its descriptors have bus addresses in them, which this kernel keeps to itself. "
                    + "Build the core without (\"Enable Scatter Gather Engine\"), or the kernel with CONFIG_UIO_DMABUF_ADDRESSES.");
        }
    }

    /// <summary>Moves a packet.</summary>
    /// <returns>How many bytes it had.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<long> TransferAsync(DmaSegments segments, TimeSpan timeout, CancellationToken token)
    {
        AxiDmaReceipt? receipt;
        lock (_receipts)
        {
            if (!_receipts.TryPop(out receipt))
                receipt = new AxiDmaReceipt();
        }

        try
        {
            await RunAsync(new AxiDmaPacket(segments, receipt), timeout, token).ConfigureAwait(false);
            return receipt.Bytes;
        }
        finally
        {
            lock (_receipts)
                _receipts.Push(receipt);
        }
    }

    /// <summary>Refuses what the core cannot do, before anything is started.</summary>
    internal void Check(DmaSegments segments, string name)
    {
        segments.Check(Device, Direction, name);
        for (int i = 0; i < segments.Count; i++)
        {
            DmaSegment segment = segments[i];
            if (segment.Offset % _options.Alignment != 0)
                throw new ArgumentException($"{this} takes addresses that are multiples of {_options.Alignment} bytes, and a part begins "
                    + $"at {segment.Offset}: build the core with \"Allow Unaligned Transfers\", and say so in AxiDmaOptions.", name);
            if (i < segments.Count - 1 && segment.Length % _options.Alignment != 0)
                throw new ArgumentException($"{this} takes parts that are multiples of {_options.Alignment} bytes but for the last, and "
                    + $"one has {segment.Length}: build the core with \"Allow Unaligned Transfers\", and say so in AxiDmaOptions.", name);
        }

        if (HasScatterGather)
            return;
        if (segments.Count > 1)
            throw new ArgumentException($"{this} was built without scatter-gather and moves one range at a time; {segments.Count} "
                + "parts would be as many packets.", name);
        if (segments.Length > MaxLength)
            throw new ArgumentException($"{this} was built without scatter-gather, and its length register has {_options.LengthWidth} "
                + $"bits: {MaxLength} bytes at most, not {segments.Length}. Build the core with scatter-gather, or with a wider \"Width of "
                + "Buffer Length Register\" (AxiDmaOptions.LengthWidth, or xlnx,sg-length-width in the device tree node).", name);
    }

    /// <inheritdoc/>
    protected override void Begin(in AxiDmaPacket request, TransferLeases leases)
    {
        for (int i = 0; i < request.Segments.Count; i++)
        {
            DmaSegment segment = request.Segments[i];
            leases.Add(segment.Mapping is { } mapping
                ? mapping.BeginTransfer(segment.Offset, segment.Length)
                : _mappings.BeginTransfer(segment.Buffer!, segment.Offset, segment.Length));
        }

        if (_ring is null)
            return;

        int count = _ring.Count(leases.AsSpan());
        if (!_ring.HasRoomFor(count))
        {
            using (EnterGate())
                _port.Halt(this);
            _ring.Grow(count);
        }

        _ring.Write(leases.AsSpan(), count);
    }

    /// <inheritdoc/>
    protected override void Start(in AxiDmaPacket request, TransferLeases leases)
    {
        _receipt = request.Receipt;
        _receipt.Bytes = request.Segments.Length;
        if (_ring is not null)
        {
            _port.Run(_ring.First, _ring.Last);
            return;
        }

        if (!_port.Runs)
            _port.Run();
        if (_options.IsWide)
            Registers.WriteAddress(_port.Own.Address, _port.Own.AddressHigh, leases[0]);
        else
            Registers.WriteAddress(_port.Own.Address, leases[0]);
        Registers.Write(_port.Own.TransferLength, (uint)leases[0].Length); // starts
    }

    /// <inheritdoc/>
    protected override EngineState Acknowledge()
    {
        AxiDmaStatus status = _port.Acknowledge(this);
        if (!status.HasFlag(AxiDmaStatus.Complete) || _receipt is null)
            return EngineState.Busy;

        if (_ring is null)
        {
            if (Direction == DmaDirection.FromDevice)
                _receipt.Bytes = Registers.Read(_port.Own.TransferLength);
            return EngineState.Done;
        }

        if (!_ring.TryRead(out long bytes, out int left))
            return EngineState.Busy; // an interrupt of the packet before
        if (_options.CountsBytes)
            _receipt.Bytes = bytes;

        // A shorter packet leaves descriptors to the channel, which would use them for the next packet.
        if (left > 0)
            _port.Halt(this);
        return EngineState.Done;
    }

    /// <inheritdoc/>
    protected override void Reset()
    {
        _receipt = null;
        _port.Reset(this);
    }

    /// <inheritdoc/>
    protected override string DescribeTimeout(TimeSpan timeout)
    {
        AxiDmaStatus status = Status;
        string what = $"{this} was not done within {timeout.TotalMilliseconds:0} ms, and has been reset (DMASR 0x{(uint)status:x}): ";
        return what + (status.HasFlag(AxiDmaStatus.Complete)
            ? "the packet is complete, but the interrupt did not arrive; see the device tree's interrupts."
            : Direction == DmaDirection.ToDevice
                ? "the stream does not take the data; is what it goes to ready (TREADY)?"
                : "the packet has not come, or its end has not (TLAST), or it is longer than the memory given for it.");
    }

    /// <inheritdoc/>
    protected override void Ended() => _mappings.Trim();

    /// <inheritdoc/>
    protected override void Close()
    {
        _ring?.Free();
        _mappings.Clear();
    }
}
