namespace UioInterop.Devices;

/// <summary>The memory of an AXI DMA's ring: a descriptor for each part, and the parts, if the ring allocated them.</summary>
/// <remarks>Not thread-safe: it changes only while the channel is halted.</remarks>
internal sealed class AxiDmaRingMemory(Engine engine, AxiDmaPort port, AxiDmaOptions options)
{
    private readonly List<DmaMapping> _parts = [];
    private DmaMapping? _mapping;

    /// <summary>The buffer of the descriptors, once there is one.</summary>
    public DmaBuf Descriptors { get; private set; } = null!;

    public DeviceAddress First { get; private set; }

    /// <summary>Throws when the core, the process or the kernel cannot have a ring.</summary>
    public void Check()
    {
        if (!port.HasScatterGather)
        {
            throw new InvalidOperationException($"{engine} was built without scatter-gather, and cannot go on by itself from one part to "
                + "the next: move packet by packet with AxiDma, or build the core with \"Enable Scatter Gather Engine\".");
        }

        if (options.IsWide && !Environment.Is64BitProcess)
        {
            throw new PlatformNotSupportedException($"{engine} has addresses of {options.AddressWidth} bits, and this process writes 32 at "
                + "once: the tail of a running channel cannot be moved in two steps. Use a 64-bit process.");
        }

        AxiDmaChannel.ThrowIfAddressesAreHidden(engine.Device, engine);
    }

    /// <summary>Allocates parts, in place of those that it allocated before.</summary>
    public IReadOnlyList<TransferPart> AllocateParts(int count, int least, int length, DmaDirection direction)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, least);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        if (length > options.MaxLength)
            throw new ArgumentOutOfRangeException(nameof(length), length,
                $"{engine} has a length register of {options.LengthWidth} bits: a part has {options.MaxLength} bytes at most.");

        FreeParts();
        for (int i = 0; i < count; i++)
        {
            DmaBuf buffer = DmaHeap.Cma.Allocate(length);
            try
            {
                _parts.Add(engine.Device.Import(buffer, direction));
            }
            catch
            {
                buffer.Dispose();
                throw;
            }
        }

        return [.. _parts.Select(mapping => new TransferPart(mapping, 0, length))];
    }

    /// <summary>Makes room for as many descriptors.</summary>
    public void Reserve(int count)
    {
        if (Descriptors?.Length >= count * AxiDmaDescriptor.Length)
            return;

        _mapping?.Dispose();
        Descriptors?.Dispose();
        Descriptors = DmaHeap.Cma.Allocate(count * AxiDmaDescriptor.Length);
        _mapping = engine.Device.Import(Descriptors, DmaDirection.Bidirectional);
        First = _mapping.Address;
    }

    public DeviceAddress AddressOf(int index) => First + (index * AxiDmaDescriptor.Length);

    /// <summary>Frees all, after the device's end.</summary>
    public void Free()
    {
        FreeParts();
        _mapping?.Dispose();
        Descriptors?.Dispose();
    }

    private void FreeParts()
    {
        foreach (DmaMapping mapping in _parts)
        {
            mapping.Dispose();
            mapping.Buffer.Dispose();
        }

        _parts.Clear();
    }
}
