namespace UioInterop.Prompt.Protocol;

/// <summary>
/// Finds the frames in what comes. Bytes outside of frames, from a damaged frame or a program that printed past its console,
/// are handed out; the next frame follows them.
/// </summary>
/// <param name="stream">Where they come from.</param>
/// <param name="onOther">Gets what is no frame.</param>
public sealed class FrameReader(Stream stream, Action<ReadOnlySpan<byte>> onOther)
{
    private byte[] _bytes = new byte[64 << 10];
    private int _start;
    private int _end;

    private ReadOnlySpan<byte> Pending => _bytes.AsSpan(_start, _end - _start);

    /// <summary>Waits for the next frame. Null at the end.</summary>
    public Frame? Read()
    {
        while (true)
        {
            PassOver(FirstMarkIn(Pending));
            if (!Fill(Frame.HeaderSize))
                return End();
            if (!Frame.IsHeader(Pending))
            {
                PassOver(1);
                continue;
            }

            int size = Frame.HeaderSize + Frame.LengthIn(Pending);
            if (!Fill(size))
                return End();
            ReadOnlySpan<byte> payload = Pending[Frame.HeaderSize..size];
            if (!Frame.HasChecksum(Pending, payload))
            {
                // The lost bytes may have been this frame's end: then the next frame begins inside of its length.
                PassOver(1);
                continue;
            }

            var frame = new Frame((FrameKind)Pending[2], payload.ToArray());
            _start += size;
            return frame;
        }
    }

    private static int FirstMarkIn(ReadOnlySpan<byte> bytes) => bytes.IndexOf(Frame.FirstMark) is >= 0 and var index ? index : bytes.Length;

    private void PassOver(int count)
    {
        if (count > 0)
            onOther(Pending[..count]);
        _start += count;
    }

    private Frame? End()
    {
        PassOver(Pending.Length);
        return null;
    }

    /// <summary>Reads until so many bytes are there, or at least one where none is. False at the end.</summary>
    private bool Fill(int count)
    {
        while (Pending.Length < count)
        {
            if (_start > 0)
            {
                Pending.CopyTo(_bytes);
                (_start, _end) = (0, Pending.Length);
            }

            if (_bytes.Length < count)
                Array.Resize(ref _bytes, Math.Max(count, _bytes.Length * 2));
            int read = stream.Read(_bytes, _end, _bytes.Length - _end);
            if (read <= 0)
                return false;
            bool wasEmpty = _end == _start;
            _end += read;

            // Text between the frames is handed out at once, even if it is shorter than a header.
            if (wasEmpty && Pending[0] != Frame.FirstMark)
                PassOver(FirstMarkIn(Pending));
        }

        return true;
    }
}
