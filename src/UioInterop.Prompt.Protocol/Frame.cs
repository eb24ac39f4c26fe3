using System.Buffers.Binary;
using System.Numerics;

namespace UioInterop.Prompt.Protocol;

/// <summary>
/// A message on a line that may lose bytes, or carry other bytes between: two marks, the kind, a check of the header, the
/// length and a checksum (CRC-32C) of kind, length and what follows.
/// </summary>
/// <param name="Kind">What it is.</param>
/// <param name="Payload">What is in it.</param>
public readonly record struct Frame(FrameKind Kind, ReadOnlyMemory<byte> Payload)
{
    /// <summary>The most that a frame carries, in bytes.</summary>
    public const int MaxPayload = 64 << 20;

    /// <summary>The bytes of a header.</summary>
    internal const int HeaderSize = 12;

    // The first byte is in no UTF-8 text, so that a program's output between the frames is never taken for a frame.
    internal const byte FirstMark = 0xf5, SecondMark = 0xa5;

    /// <summary>The frame as it goes over the line.</summary>
    public byte[] ToBytes()
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Payload.Length, MaxPayload);
        var bytes = new byte[HeaderSize + Payload.Length];
        bytes[0] = FirstMark;
        bytes[1] = SecondMark;
        bytes[2] = (byte)Kind;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), Payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), ChecksumOf(bytes, Payload.Span));
        bytes[3] = CheckOf(bytes);
        Payload.Span.CopyTo(bytes.AsSpan(HeaderSize));
        return bytes;
    }

    /// <summary>Whether a header is valid: its length has to be right before the reader waits for the payload.</summary>
    internal static bool IsHeader(ReadOnlySpan<byte> header) =>
        header[0] == FirstMark && header[1] == SecondMark && header[3] == CheckOf(header) && LengthIn(header) is >= 0 and <= MaxPayload;

    internal static int LengthIn(ReadOnlySpan<byte> header) => BinaryPrimitives.ReadInt32LittleEndian(header[4..]);

    internal static bool HasChecksum(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload) =>
        BinaryPrimitives.ReadUInt32LittleEndian(header[8..]) == ChecksumOf(header, payload);

    private static byte CheckOf(ReadOnlySpan<byte> header)
    {
        byte check = 0x5a;
        for (int i = 0; i < HeaderSize; i++)
        {
            if (i != 3)
                check = (byte)((check << 3 | check >> 5) ^ header[i]);
        }

        return check;
    }

    private static uint ChecksumOf(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload)
    {
        uint crc = BitOperations.Crc32C(uint.MaxValue, (ulong)header[2] << 32 | (uint)LengthIn(header));
        for (; payload.Length >= sizeof(ulong); payload = payload[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(payload));
        foreach (byte value in payload)
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}
