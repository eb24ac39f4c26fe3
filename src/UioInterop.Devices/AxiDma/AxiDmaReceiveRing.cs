using System.Buffers.Binary;

namespace UioInterop.Devices;

/// <summary>
/// The receiving channel of an AXI DMA (S2MM) that fills a ring of parts for ever: a descriptor for each part, given again when the
/// program gives the part back (PG021, "Scatter/Gather Mode").
/// </summary>
/// <remarks>
/// While the program has all parts the stream stalls: nothing is overwritten, and whether something is lost is up to where it comes
/// from. The channel interrupts at the end of a packet (TLAST), which may take several parts.
/// </remarks>
public sealed class AxiDmaReceiveRing : RingEngine
{
    private const int DescriptorLength = 64;
    private const int Control = 0x18, Status = 0x1c;
    private const uint Completed = 1u << 31, Bytes = 0x3ffffff;

    private readonly AxiDmaOptions _options;
    private readonly AxiDmaPort _port;
    private readonly List<DmaMapping> _own = []; // those of buffers that Begin allocated
    private DmaBuf? _descriptors;
    private DmaMapping? _mapping;
    private DeviceAddress _address;
    private int[] _lengths = [];
    private int _next; // what the channel fills next
    private int _given; // how many it has been given and has not filled

    internal AxiDmaReceiveRing(DeviceSession session, StopDomain domain, AxiDmaOptions options)
        : base(session, isCyclic: false, domain: domain)
    {
        _options = options;
        _port = new AxiDmaPort(Registers, DmaDirection.FromDevice, options);
        if (!_port.HasScatterGather)
            throw new InvalidOperationException($"{this} was built without scatter-gather, and cannot go on by itself from one part to the "
                + "next: receive packet by packet with AxiDma, or build the core with \"Enable Scatter Gather Engine\".");
        AxiDmaChannel.ThrowIfAddressesAreHidden(Device, this);
    }

    /// <inheritdoc/>
    protected override QuiesceProgram StopProgram => _port.StopProgram;

    /// <summary>Allocates a ring of parts and starts it; as <see cref="RingEngine.Begin"/> does with parts of the caller's.</summary>
    /// <param name="parts">How many, two at least.</param>
    /// <param name="length">How long each is, in bytes; at most what the core's length register holds.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than two, or they are too long for the core.</exception>
    /// <inheritdoc cref="RingEngine.Begin"/>
    public void Begin(int parts, int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parts, 2);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        if (length > _options.MaxLength)
            throw new ArgumentOutOfRangeException(nameof(length), length,
                $"{this} has a length register of {_options.LengthWidth} bits: a part has {_options.MaxLength} bytes at most.");

        FreeBuffers();
        var list = new List<TransferPart>();
        for (int i = 0; i < parts; i++)
        {
            DmaBuf buffer = DmaHeap.Cma.Allocate(length);
            try
            {
                _own.Add(Device.Import(buffer, DmaDirection.FromDevice));
            }
            catch
            {
                buffer.Dispose();
                throw;
            }

            list.Add(new TransferPart(_own[^1], 0, length));
        }

        Begin(list);
    }

    /// <summary>The ring in words: the guide's name and the device.</summary>
    public override string ToString() => $"{_port.Own.Channel} of the AXI DMA {Device.Info}";

    /// <summary>Frees what it has allocated, after the device's end.</summary>
    internal void Free()
    {
        FreeBuffers();
        _mapping?.Dispose();
        _descriptors?.Dispose();
    }

    /// <inheritdoc/>
    protected override void Start(ReadOnlySpan<TransferLease> parts)
    {
        Reserve(parts.Length);
        using (CpuAccess cpu = _descriptors!.BeginAccess(CpuAccessMode.ReadWrite))
        {
            for (int i = 0; i < parts.Length; i++)
                Describe(cpu.Span, i, parts[i]);
        }

        (_next, _given) = (0, parts.Length);
        _port.Run(AddressOf(0), AddressOf(parts.Length - 1));
    }

    /// <inheritdoc/>
    protected override int Acknowledge(InterruptCount count)
    {
        _port.Acknowledge(this);
        if (_given == 0)
            return 0;

        int filled = 0;
        using CpuAccess cpu = _descriptors!.BeginAccess(CpuAccessMode.Read);
        while (_given > 0)
        {
            uint status = BinaryPrimitives.ReadUInt32LittleEndian(cpu.Span[((_next * DescriptorLength) + Status)..]);
            if ((status & Completed) == 0)
                break;

            _lengths[_next] = (int)(status & Bytes);
            _next = (_next + 1) % _lengths.Length;
            _given--;
            filled++;
        }

        return filled;
    }

    /// <inheritdoc/>
    protected override void GiveBack(int part, TransferLease lease)
    {
        using (CpuAccess cpu = _descriptors!.BeginAccess(CpuAccessMode.ReadWrite))
            Describe(cpu.Span, part, lease);
        _given++;
        _port.MoveTail(AddressOf(part));
    }

    /// <inheritdoc/>
    protected override long LengthOf(int part) => _lengths[part];

    /// <inheritdoc/>
    protected override void Reset()
    {
        _given = 0;
        _port.Reset(this);
    }

    private void Describe(Span<byte> descriptors, int index, TransferLease lease)
    {
        Span<byte> descriptor = descriptors.Slice(index * DescriptorLength, DescriptorLength);
        descriptor.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor, AddressOf((index + 1) % _lengths.Length).Value);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor[0x08..], lease.Address.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[Control..], (uint)lease.Length);
    }

    // The channel is halted.
    private void Reserve(int count)
    {
        _lengths = new int[count];
        if (_descriptors?.Length >= count * DescriptorLength)
            return;

        _mapping?.Dispose();
        _descriptors?.Dispose();
        _descriptors = DmaHeap.Cma.Allocate(count * DescriptorLength);
        _mapping = Device.Import(_descriptors, DmaDirection.Bidirectional);
        _address = _mapping.Address;
    }

    private void FreeBuffers()
    {
        foreach (DmaMapping mapping in _own)
        {
            mapping.Dispose();
            mapping.Buffer.Dispose();
        }

        _own.Clear();
    }

    private DeviceAddress AddressOf(int index) => _address + (index * DescriptorLength);
}
