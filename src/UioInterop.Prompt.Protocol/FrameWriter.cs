namespace UioInterop.Prompt.Protocol;

/// <summary>Sends frames. Thread-safe: one goes out after the other, each in one write.</summary>
/// <param name="stream">Where they go.</param>
public sealed class FrameWriter(Stream stream)
{
    private readonly Lock _turn = new();

    /// <summary>Sends one.</summary>
    /// <exception cref="IOException">The other side is gone.</exception>
    public void Send(FrameKind kind, ReadOnlyMemory<byte> payload = default)
    {
        byte[] bytes = new Frame(kind, payload).ToBytes();
        lock (_turn)
        {
            stream.Write(bytes);
            stream.Flush();
        }
    }
}
