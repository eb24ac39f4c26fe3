namespace UioInterop.Devices;

/// <summary>
/// The receiving channel of an AXI DMA (S2MM) that fills a ring of parts without an end: a descriptor for each part, given again when
/// the program gives the part back (PG021, "Scatter/Gather Mode").
/// </summary>
/// <remarks>
/// <para>While the program has all parts the stream stalls: nothing is overwritten. Whether data is lost depends on its source. A
/// cyclic ring (PG021, "Cyclic DMA Mode") never stalls: it overwrites parts that were not taken, and
/// <see cref="RingEngine.Overruns"/> counts them. When the channel has gone round more than once unseen, it counts too few.</para>
/// <para>The channel interrupts at the end of a packet (TLAST), which may take several parts.</para>
/// </remarks>
public sealed class AxiDmaReceiveRing : RingEngine
{
    private readonly bool _isCyclic;
    private readonly AxiDmaPort _port;
    private readonly AxiDmaRingMemory _memory;
    private int[] _lengths = [];
    private AxiDmaRound? _round; // if the channel is cyclic
    private int _next; // what the channel fills next
    private int _given; // how many it has been given and has not filled

    internal AxiDmaReceiveRing(AxiDmaSide side, bool isCyclic) : base(side.Session, isCyclic, domain: side.Domain)
    {
        _isCyclic = isCyclic;
        _port = new AxiDmaPort(Registers, DmaDirection.FromDevice, side.Options);
        _memory = new AxiDmaRingMemory(this, _port, side.Options);
        _memory.Check();
    }

    /// <inheritdoc/>
    protected override QuiesceProgram StopProgram => _port.StopProgram;

    /// <inheritdoc/>
    protected override int PartsInDoubt => 2; // see AxiDmaRound

    /// <summary>Allocates a ring of parts and starts it; as <see cref="StreamEngine.Begin"/> does with parts of the caller's.</summary>
    /// <param name="parts">How many: at least two, and four of a cyclic ring.</param>
    /// <param name="length">How long each is, in bytes; at most what the core's length register holds.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are too few, or they are too long for the core.</exception>
    /// <inheritdoc cref="StreamEngine.Begin"/>
    public void Begin(int parts, int length) =>
        Begin(_memory.AllocateParts(parts, _isCyclic ? 4 : 2, length, DmaDirection.FromDevice));

    /// <summary>The ring in words: the guide's name and the device.</summary>
    public override string ToString() => $"{_port.Own.Channel} of the AXI DMA {Device.Info}";

    /// <summary>Frees what it has allocated, after the device's end.</summary>
    internal void Free() => _memory.Free();

    /// <inheritdoc/>
    protected override void Start(ReadOnlySpan<TransferLease> parts)
    {
        _lengths = new int[parts.Length];
        _memory.Reserve(parts.Length);
        using (CpuAccess cpu = _memory.Descriptors.BeginAccess(CpuAccessMode.ReadWrite))
        {
            for (int i = 0; i < parts.Length; i++)
                Describe(cpu.Span, i, parts[i]);
        }

        (_next, _given) = (0, parts.Length);
        _round = _isCyclic ? new AxiDmaRound(this, _port, _memory.Descriptors, _memory.First, _lengths) : null;

        // A cyclic channel does not stop at its tail.
        _port.Run(_memory.First, _memory.AddressOf(parts.Length - 1), _isCyclic);
    }

    /// <inheritdoc/>
    protected override int Acknowledge(InterruptCount count)
    {
        _port.Acknowledge(this);
        if (_given == 0)
            return 0;
        if (_round is not null)
            return _round.Count();

        int filled = 0;
        using CpuAccess cpu = _memory.Descriptors.BeginAccess(CpuAccessMode.Read);
        for (; _given > 0 && AxiDmaDescriptor.TryRead(cpu.Span, _next, out _lengths[_next], out _); filled++)
        {
            _next = (_next + 1) % _lengths.Length;
            _given--;
        }

        return filled;
    }

    /// <inheritdoc/>
    protected override void GiveBack(int part, TransferLease lease)
    {
        using (CpuAccess cpu = _memory.Descriptors.BeginAccess(CpuAccessMode.ReadWrite))
            Describe(cpu.Span, part, lease);
        _given++;
        _port.MoveTail(_memory.AddressOf(part));
    }

    /// <inheritdoc/>
    protected override long LengthOf(int part) => _lengths[part];

    /// <inheritdoc/>
    protected override void Reset()
    {
        _given = 0;
        _port.Reset(this);
    }

    private void Describe(Span<byte> ring, int index, TransferLease lease) => AxiDmaDescriptor.Write(
        ring, index, _memory.AddressOf((index + 1) % _lengths.Length), lease.Address, lease.Length, flags: 0);
}
