using System.Buffers.Binary;
using System.Numerics;

namespace UioInterop.Devices;

/// <summary>
/// A ZDMA channel's descriptors, in memory of their own: those of the source, then those of the destination, both in the
/// linear format of 128 bits (UG1085, "Linear Descriptor Use Case").
/// </summary>
internal sealed class DescriptorList(UioDevice device) : IDisposable
{
    // 128 bits, and aligned to as much. By the manual the channel prefetches, but never across 4 KiB, so not behind the list's end.
    private const int DescriptorLength = 16;
    private const int MinLength = 4096;

    // Word 3, CNTL. CMD counts in the source's descriptors only.
    private const uint Next = 0 << 3;
    private const uint Stop = 2 << 3;

    private DmaBuf? _buffer;
    private DmaMapping? _mapping;

    /// <summary>Writes the descriptors of a copy, and begins the transfer in which the channel reads them.</summary>
    /// <param name="source">Where from.</param>
    /// <param name="destination">Where to: as many bytes in all, perhaps in other pieces.</param>
    /// <param name="longest">The longest piece of one descriptor, in bytes.</param>
    /// <param name="destinationOffset">Where the destination's descriptors begin, in bytes from the lease's address.</param>
    public TransferLease Write(ReadOnlySpan<TransferLease> source, ReadOnlySpan<TransferLease> destination, int longest,
        out int destinationOffset)
    {
        destinationOffset = DescriptorLength * Count(source, longest);
        int length = checked(destinationOffset + (DescriptorLength * Count(destination, longest)));
        Reserve(length);
        using (CpuAccess cpu = _buffer!.BeginAccess(CpuAccessMode.Write, 0, length))
        {
            Write(cpu.Span, source, longest);
            Write(cpu.Span[destinationOffset..], destination, longest);
        }

        return _mapping!.BeginTransfer(0, length);
    }

    /// <summary>Frees the memory. After the device's end, or with no copy under way.</summary>
    public void Dispose()
    {
        _mapping?.Dispose();
        _buffer?.Dispose();
        (_mapping, _buffer) = (null, null);
    }

    private static int Count(ReadOnlySpan<TransferLease> leases, int longest)
    {
        long count = 0;
        foreach (TransferLease lease in leases)
        {
            for (long done = 0; done < lease.Length; count++)
                done += Math.Min(longest, lease.PieceAt(done).Length);
        }

        return checked((int)count);
    }

    private static void Write(Span<byte> list, ReadOnlySpan<TransferLease> leases, int longest)
    {
        Span<byte> descriptor = default;
        foreach (TransferLease lease in leases)
        {
            for (long done = 0; done < lease.Length;)
            {
                DmaRange piece = lease.PieceAt(done);
                uint length = (uint)Math.Min(longest, piece.Length);
                descriptor = list[..DescriptorLength];
                list = list[DescriptorLength..];
                BinaryPrimitives.WriteUInt64LittleEndian(descriptor, piece.Address.Value);
                BinaryPrimitives.WriteUInt32LittleEndian(descriptor[8..], length);
                BinaryPrimitives.WriteUInt32LittleEndian(descriptor[12..], Next);
                done += length;
            }
        }

        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[12..], Stop);
    }

    private void Reserve(int length)
    {
        if (_buffer?.Length >= length)
            return;

        Dispose();
        DmaBuf buffer = DmaHeap.Cma.Allocate(BitOperations.RoundUpToPowerOf2((uint)Math.Max(length, MinLength)));
        try
        {
            _mapping = device.Import(buffer, DmaDirection.ToDevice);
            _buffer = buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }
}
