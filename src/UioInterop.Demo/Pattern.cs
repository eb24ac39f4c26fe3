namespace UioInterop.Demo;

/// <summary>Bytes that differ from transfer to transfer, and from what a fresh or a stale buffer holds.</summary>
internal static class Pattern
{
    public static void Fill(Span<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = At(i);
    }

    public static byte At(int index) => (byte)((index * 7) ^ (index >> 8) ^ 0x5a);
}
