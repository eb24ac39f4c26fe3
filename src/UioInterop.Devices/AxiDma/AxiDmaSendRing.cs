namespace UioInterop.Devices;

/// <summary>
/// The sending channel of an AXI DMA (MM2S) that sends the parts of a ring, a packet each: a descriptor for each part, given when the
/// program sends it (PG021, "Scatter/Gather Mode").
/// </summary>
/// <remarks>The channel goes from packet to packet without the program, as long as the program is ahead of it.</remarks>
public sealed class AxiDmaSendRing : SendRingEngine
{
    private readonly AxiDmaPort _port;
    private readonly AxiDmaRingMemory _memory;
    private int _count;
    private int _next; // what the channel sends next
    private int _given; // how many it has been given and has not sent

    internal AxiDmaSendRing(AxiDmaSide side) : base(side.Session, domain: side.Domain)
    {
        _port = new AxiDmaPort(Registers, DmaDirection.ToDevice, side.Options);
        _memory = new AxiDmaRingMemory(this, _port, side.Options);
        _memory.Check();
    }

    /// <inheritdoc/>
    protected override QuiesceProgram StopProgram => _port.StopProgram;

    /// <summary>Allocates a ring of parts and starts it; as <see cref="StreamEngine.Begin"/> does with parts of the caller's.</summary>
    /// <param name="parts">How many, two at least.</param>
    /// <param name="length">How long each is, in bytes; at most what the core's length register holds.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are too few, or they are too long for the core.</exception>
    /// <inheritdoc cref="StreamEngine.Begin"/>
    public void Begin(int parts, int length) => Begin(_memory.AllocateParts(parts, 2, length, DmaDirection.ToDevice));

    /// <summary>The ring in words: the guide's name and the device.</summary>
    public override string ToString() => $"{_port.Own.Channel} of the AXI DMA {Device.Info}";

    /// <summary>Frees what it has allocated, after the device's end.</summary>
    internal void Free() => _memory.Free();

    /// <inheritdoc/>
    protected override void Start(ReadOnlySpan<TransferLease> parts)
    {
        (_count, _next, _given) = (parts.Length, 0, 0);
        _memory.Reserve(_count);
        _port.Halt(this); // the first part starts it, at the first descriptor
    }

    /// <inheritdoc/>
    protected override int Acknowledge(InterruptCount count)
    {
        _port.Acknowledge(this);
        if (_given == 0)
            return 0;

        int sent = 0;
        using CpuAccess cpu = _memory.Descriptors.BeginAccess(CpuAccessMode.Read);
        for (; _given > 0 && AxiDmaDescriptor.IsComplete(cpu.Span, _next); sent++)
        {
            _next = (_next + 1) % _count;
            _given--;
        }

        return sent;
    }

    /// <inheritdoc/>
    protected override void GiveBack(int part, TransferLease lease)
    {
        using (CpuAccess cpu = _memory.Descriptors.BeginAccess(CpuAccessMode.ReadWrite))
        {
            AxiDmaDescriptor.Write(cpu.Span, part, _memory.AddressOf((part + 1) % _count), lease.Address, lease.Length,
                AxiDmaDescriptor.StartOfFrame | AxiDmaDescriptor.EndOfFrame);
        }

        _given++;
        _port.Run(_memory.First, _memory.AddressOf(part));
    }

    /// <inheritdoc/>
    protected override void Reset()
    {
        _given = 0;
        _port.Reset(this);
    }
}
