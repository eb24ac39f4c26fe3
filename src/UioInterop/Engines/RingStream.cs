using System.Runtime.CompilerServices;

namespace UioInterop;

/// <summary>What a ring receives, byte after byte. Holds one part, which it has not read to its end.</summary>
internal sealed class RingStream(RingEngine ring) : Stream
{
    private RingPart _part;
    private int _read; // of the part
    private long _overruns; // those that the reader has been told of

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override bool CanTimeout => true;

    public override int ReadTimeout { get; set; } = Timeout.Infinite;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
            return 0;

        while (_read == _part.Length)
            Take(ring.Receive(TimeSpan.FromMilliseconds(ReadTimeout)));
        return Copy(buffer);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
            return 0;

        while (_read == _part.Length)
            Take(await ring.ReceiveAsync(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(false));
        return Copy(buffer.Span);
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override string ToString() => $"stream of {ring}";

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            GiveBack();
        base.Dispose(disposing);
    }

    private void Take(RingPart part)
    {
        GiveBack();
        _part = part;
        bool isGap = ring.Overruns > _overruns;
        _overruns = ring.Overruns;
        if (isGap)
            throw Overrun();
    }

    private int Copy(Span<byte> buffer)
    {
        int count = (int)Math.Min(buffer.Length, _part.Length - _read);
        if (!_part.TryCopyBytes(_read, count, buffer))
        {
            GiveBack();
            _overruns = ring.Overruns;
            throw Overrun();
        }

        _read += count;
        if (_read == _part.Length)
            GiveBack();
        return count;
    }

    private void GiveBack()
    {
        _part.Dispose();
        (_part, _read) = (default, 0);
    }

    private IOException Overrun() =>
        new($"{ring} has overwritten parts before they were read: the data has a gap here. Read on; read faster, or take more parts.");
}
