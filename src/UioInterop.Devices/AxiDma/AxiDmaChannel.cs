using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace UioInterop.Devices;

/// <summary>
/// One channel of the AXI DMA: MM2S, which sends, or S2MM, which receives. It moves one packet after the other; those that are asked
/// for meanwhile wait for their turn.
/// </summary>
/// <remarks>
/// A transfer that is given up resets the core, and so ends what the other channel does: PG021 has no other way that is sure to
/// end (MM2S_DMACR, Reset).
/// </remarks>
public sealed class AxiDmaChannel : OneShotEngine<AxiDmaPacket>
{
    // PG021 gives no figure; what is on the bus has to end, and that takes microseconds.
    private static readonly TimeSpan StopTimeout = TimeSpan.FromMilliseconds(100);

    private readonly AxiDmaRegisters _own;
    private readonly AxiDmaRegisters _other;
    private readonly AxiDmaOptions _options;
    private readonly DmaMappingCache _mappings;
    private readonly ConcurrentBag<AxiDmaReceipt> _receipts = [];
    private readonly AxiDmaRing? _ring;
    private AxiDmaReceipt? _receipt; // of the packet under way; under the domain's lock

    internal AxiDmaChannel(DeviceSession session, StopDomain domain, DmaDirection direction, AxiDmaOptions options) : base(session, domain: domain)
    {
        Direction = direction;
        (_own, _other) = direction == DmaDirection.ToDevice
            ? (AxiDmaRegisters.Send, AxiDmaRegisters.Receive)
            : (AxiDmaRegisters.Receive, AxiDmaRegisters.Send);
        _options = options;
        _mappings = new DmaMappingCache(Device, AxiDma.CachedBuffers);
        if (!Status.HasFlag(AxiDmaStatus.HasScatterGather))
            return;

        if (!Device.Features.TellsAddresses)
        {
            throw new InvalidOperationException(
                $"{this} was built with scatter-gather: its descriptors have bus addresses in them, which this kernel keeps to itself. Build the core without (\"Enable Scatter Gather Engine\"), or the kernel with CONFIG_UIO_DMABUF_ADDRESSES.");
        }

        _ring = new AxiDmaRing(Device, options);
    }

    /// <summary>What the channel does with memory.</summary>
    public DmaDirection Direction { get; }

    /// <summary>What the channel says of itself now.</summary>
    public AxiDmaStatus Status => (AxiDmaStatus)Registers.Read(_own.Status);

    /// <summary>Whether the core was built with scatter-gather. If not, a packet is one range and one length register long.</summary>
    public bool HasScatterGather => _ring is not null;

    /// <summary>The most that a packet may have, in bytes; with scatter-gather, that a descriptor has.</summary>
    public int MaxLength => _options.MaxLength;

    /// <inheritdoc/>
    protected override QuiesceProgram StopProgram => new QuiesceProgram(Registers)
        .Write(_own.Control, AxiDmaRegisters.Reset)
        .Poll(_own.Control, AxiDmaRegisters.Reset, 0u, StopTimeout);

    /// <summary>The channel in words: the guide's name and the device.</summary>
    public override string ToString() => $"{_own.Channel} of the AXI DMA {Device.Info}";

    /// <summary>Takes a buffer that a transfer has imported from the device.</summary>
    internal bool Release(DmaBuf buffer) => _mappings.Remove(buffer);

    /// <summary>Moves a packet.</summary>
    /// <returns>How many bytes it had.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<long> TransferAsync(DmaSegments segments, TimeSpan timeout, CancellationToken token)
    {
        if (!_receipts.TryTake(out AxiDmaReceipt? receipt))
            receipt = new AxiDmaReceipt();
        try
        {
            await RunAsync(new AxiDmaPacket(segments, receipt), timeout, token).ConfigureAwait(false);
            return receipt.Bytes;
        }
        finally
        {
            _receipts.Add(receipt);
            _mappings.Trim();
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
                throw new ArgumentException($"{this} takes addresses that are multiples of {_options.Alignment} bytes, and a part begins at {segment.Offset}: build the core with \"Allow Unaligned Transfers\", and say so in AxiDmaOptions.", name);
            if (i < segments.Count - 1 && segment.Length % _options.Alignment != 0)
                throw new ArgumentException($"{this} takes parts that are multiples of {_options.Alignment} bytes but for the last, and one has {segment.Length}: build the core with \"Allow Unaligned Transfers\", and say so in AxiDmaOptions.", name);
        }

        if (HasScatterGather)
            return;
        if (segments.Count > 1)
            throw new ArgumentException($"{this} was built without scatter-gather and moves one range at a time; {segments.Count} parts would be as many packets.", name);
        if (segments.Length > MaxLength)
            throw new ArgumentException($"{this} was built without scatter-gather, and its length register has {_options.LengthWidth} bits: {MaxLength} bytes at most, not {segments.Length}. Build the core with scatter-gather, or with a wider \"Width of Buffer Length Register\" (AxiDmaOptions.LengthWidth, or xlnx,sg-length-width in the device tree node).", name);
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
                Halt();
            _ring.Grow(count);
        }

        _ring.Write(leases.AsSpan(), count);
    }

    /// <inheritdoc/>
    protected override void Start(in AxiDmaPacket request, TransferLeases leases)
    {
        _receipt = request.Receipt;
        _receipt.Bytes = request.Segments.Length;
        bool runs = (Registers.Read(_own.Control) & AxiDmaRegisters.Run) != 0;
        if (_ring is not null)
        {
            // CURDESC can be written while the channel is halted only; afterwards it goes on along the ring.
            if (!runs)
                Write(_own.Current, _own.CurrentHigh, _ring.First);
            Registers.Write(_own.Control, AxiDmaRegisters.RunWithInterrupts);
            Write(_own.Tail, _own.TailHigh, _ring.Last); // starts
            return;
        }

        if (!runs)
            Registers.Write(_own.Control, AxiDmaRegisters.RunWithInterrupts);
        if (_options.IsWide)
            Registers.WriteAddress(_own.Address, _own.AddressHigh, leases[0]);
        else
            Registers.WriteAddress(_own.Address, leases[0]);
        Registers.Write(_own.TransferLength, (uint)leases[0].Length); // starts
    }

    /// <inheritdoc/>
    protected override EngineState Acknowledge()
    {
        AxiDmaStatus status = Status;
        if (((uint)status & AxiDmaRegisters.Interrupts) != 0)
            Registers.Write(_own.Status, (uint)status & AxiDmaRegisters.Interrupts);
        if ((status & AxiDmaException.Errors) != 0)
            throw new AxiDmaException(ToString(), Direction, status);
        if (!status.HasFlag(AxiDmaStatus.Complete) || _receipt is null)
            return EngineState.Busy;

        if (_ring is null)
        {
            if (Direction == DmaDirection.FromDevice)
                _receipt.Bytes = Registers.Read(_own.TransferLength);
            return EngineState.Done;
        }

        if (!_ring.TryRead(out long bytes, out int left))
            return EngineState.Busy; // an interrupt of the packet before
        if (_options.CountsBytes)
            _receipt.Bytes = bytes;

        // A packet that was shorter has left descriptors to the channel, for the next: it must not have them.
        if (left > 0)
            Halt();
        return EngineState.Done;
    }

    /// <inheritdoc/>
    protected override void Reset()
    {
        _receipt = null;
        Reset(_own);

        // Either resets both, says the guide. QEMU's model does not.
        if ((Registers.Read(_other.Status) & (uint)AxiDmaStatus.Halted) == 0)
            Reset(_other);
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
    protected override void Close()
    {
        _ring?.Free();
        _mappings.Clear();
    }

    private void Reset(AxiDmaRegisters channel)
    {
        Registers.Write(channel.Control, AxiDmaRegisters.Reset);
        if (!Registers.WaitFor(channel.Control, AxiDmaRegisters.Reset, 0u, StopTimeout))
            throw new TimeoutException($"{this} stays in reset ({channel.Control.Name}): does its clock run?");
    }

    private void Halt()
    {
        if (Status.HasFlag(AxiDmaStatus.Halted))
            return;

        Registers.Write(_own.Control, AxiDmaRegisters.RunWithInterrupts & ~AxiDmaRegisters.Run);
        if (!Registers.WaitFor(_own.Status, (uint)AxiDmaStatus.Halted, (uint)AxiDmaStatus.Halted, StopTimeout))
            throw new TimeoutException($"{this} does not halt (DMASR 0x{(uint)Status:x}).");
    }

    // In a core with wide addresses, the upper half of TAILDESC starts.
    private void Write(Register<uint> low, Register<uint> high, DeviceAddress address)
    {
        Registers.Write(low, (uint)address.Value);
        if (_options.IsWide)
            Registers.Write(high, (uint)(address.Value >> 32));
    }
}
