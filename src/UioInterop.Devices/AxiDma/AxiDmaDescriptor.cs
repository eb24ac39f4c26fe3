using System.Buffers.Binary;

namespace UioInterop.Devices;

/// <summary>A descriptor in a ring of them: PG021, "Scatter Gather Descriptor". Aligned to its 64 bytes.</summary>
internal static class AxiDmaDescriptor
{
    public const int Length = 64;

    /// <summary>Flags of CONTROL, and of STATUS where the channel receives.</summary>
    public const uint StartOfFrame = 1 << 27, EndOfFrame = 1 << 26;

    // NXTDESC, BUFFER_ADDRESS, CONTROL, STATUS
    private const int Next = 0x00, Buffer = 0x08, Control = 0x18, Status = 0x1c;
    private const uint Completed = 1u << 31, Bytes = 0x3ffffff;

    /// <summary>Writes one that has not been completed.</summary>
    public static void Write(Span<byte> ring, int index, DeviceAddress next, DeviceAddress buffer, long length, uint flags)
    {
        Span<byte> descriptor = At(ring, index);
        descriptor.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor[Next..], next.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor[Buffer..], buffer.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[Control..], (uint)length | flags);
    }

    /// <summary>Whether the channel is done with it (Cmplt), how many bytes it moved, and whether a packet ended there.</summary>
    public static bool TryRead(ReadOnlySpan<byte> ring, int index, out int bytes, out bool isEnd)
    {
        uint status = BinaryPrimitives.ReadUInt32LittleEndian(ring[((index * Length) + Status)..]);
        (bytes, isEnd) = ((int)(status & Bytes), (status & EndOfFrame) != 0);
        return (status & Completed) != 0;
    }

    public static bool IsComplete(ReadOnlySpan<byte> ring, int index) => TryRead(ring, index, out _, out _);

    /// <summary>How many bytes it moved. Clears Cmplt.</summary>
    public static int TakeBytes(Span<byte> ring, int index)
    {
        TryRead(ring, index, out int bytes, out _);
        BinaryPrimitives.WriteUInt32LittleEndian(At(ring, index)[Status..], (uint)bytes);
        return bytes;
    }

    private static Span<byte> At(Span<byte> ring, int index) => ring.Slice(index * Length, Length);
}
