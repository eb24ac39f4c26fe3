using System.Numerics;

namespace UioInterop.Devices;

/// <summary>
/// A channel's descriptors: a ring in an imported buffer of its own. Each packet takes the next ones (PG021, "Scatter Gather
/// Descriptor").
/// </summary>
/// <remarks>The transfer whose turn it is owns it. Its buffer is not part of a transfer: it stays until the channel is closed.</remarks>
internal sealed class AxiDmaRing(UioDevice device, AxiDmaOptions options)
{
    private const int MinCount = 64;

    private DmaBuf? _buffer;
    private DmaMapping? _mapping;
    private DeviceAddress _address;
    private int _count;
    private int _next; // the first descriptor that is free
    private int _first; // those of the packet under way
    private int _used;

    /// <summary>Where the packet's first descriptor is, and its last.</summary>
    public DeviceAddress First => AddressOf(_first);

    public DeviceAddress Last => AddressOf(_first + _used - 1);

    /// <summary>How many descriptors a packet takes.</summary>
    public int Count(ReadOnlySpan<TransferLease> leases)
    {
        long count = 0;
        foreach (TransferLease lease in leases)
        {
            for (long done = 0; done < lease.Length; count++)
                done += PieceAt(lease, done).Length;
        }

        return checked((int)count);
    }

    /// <summary>Whether there is room for a packet. If not, the channel has to be halted for <see cref="Grow"/>.</summary>
    public bool HasRoomFor(int count) => count < _count;

    public void Grow(int count)
    {
        int wanted = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(count + 1, MinCount));
        DmaBuf buffer = DmaHeap.Cma.Allocate(wanted * AxiDmaDescriptor.Length);
        try
        {
            DmaMapping mapping = device.Import(buffer, DmaDirection.Bidirectional);
            DeviceAddress address = mapping.Address;
            if (!options.IsWide && (address + buffer.Length).Value > uint.MaxValue)
                throw new InvalidOperationException($"The descriptors are at {address}, and the core's addresses have 32 bits.");

            Free();
            (_buffer, _mapping, _address, _count, _next) = (buffer, mapping, address, wanted, 0);
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    /// <summary>Writes the descriptors of a packet.</summary>
    public void Write(ReadOnlySpan<TransferLease> leases, int count)
    {
        (_first, _used) = (_next, count);
        using CpuAccess cpu = _buffer!.BeginAccess(CpuAccessMode.ReadWrite);
        int written = 0;
        foreach (TransferLease lease in leases)
        {
            for (long done = 0; done < lease.Length; written++)
            {
                DmaRange piece = PieceAt(lease, done);
                uint flags = (written == 0 ? AxiDmaDescriptor.StartOfFrame : 0) | (written == count - 1 ? AxiDmaDescriptor.EndOfFrame : 0);
                int index = _first + written;
                AxiDmaDescriptor.Write(cpu.Span, index % _count, AddressOf(index + 1), piece.Address, piece.Length, flags);
                done += piece.Length;
            }
        }

        _next = (_first + count) % _count;
    }

    /// <summary>Reads how far the packet has come.</summary>
    /// <param name="bytes">How many bytes were moved, if the core counts them.</param>
    /// <param name="left">How many descriptors the packet did not use. The channel goes on with those.</param>
    /// <returns>Whether the packet is complete.</returns>
    public bool TryRead(out long bytes, out int left)
    {
        (bytes, left) = (0, _used);
        using CpuAccess cpu = _buffer!.BeginAccess(CpuAccessMode.Read);
        for (int i = 0; i < _used; i++)
        {
            if (!AxiDmaDescriptor.TryRead(cpu.Span, (_first + i) % _count, out int moved, out bool isEnd))
                return false;

            bytes += moved;
            left--;
            if (isEnd)
                return true;
        }

        return true;
    }

    /// <summary>Frees the memory. With the channel halted.</summary>
    public void Free()
    {
        _mapping?.Dispose();
        _buffer?.Dispose();
        (_mapping, _buffer, _count) = (null, null, 0);
    }

    // No longer than the core's length register holds, and cut so that the next piece is aligned.
    private DmaRange PieceAt(TransferLease lease, long done)
    {
        DmaRange piece = lease.PieceAt(done);
        long longest = options.MaxLength - (options.MaxLength % Math.Max(options.Alignment, AxiDmaDescriptor.Length));
        return piece.Length <= options.MaxLength ? piece : piece with { Length = Math.Min(piece.Length, longest) };
    }

    private DeviceAddress AddressOf(int index) => _address + (index % _count * AxiDmaDescriptor.Length);
}
