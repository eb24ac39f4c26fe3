using UioInterop.Prompt.Links;

namespace UioInterop.HostTests.Prompt;

/// <summary>A line that changes a byte in each direction, once in so many, as a serial one does.</summary>
/// <param name="inner">The line that does not.</param>
/// <param name="every">How many bytes arrive between two that do not.</param>
internal sealed class LossyLink(Link inner, int every) : Link
{
    public override Stream FromAgent { get; } = new Lossy(inner.FromAgent, every);

    public override Stream ToAgent { get; } = new Lossy(inner.ToAgent, every);

    public override string WhyEnded() => inner.WhyEnded();

    public override void Dispose() => inner.Dispose();

    private sealed class Lossy(Stream inner, int every) : Stream
    {
        private int _count;

        public override bool CanRead => inner.CanRead;

        public override bool CanSeek => false;

        public override bool CanWrite => inner.CanWrite;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            int read = inner.Read(buffer, offset, count);
            Damage(buffer.AsSpan(offset, read));
            return read;
        }

        public override void Write(byte[] buffer, int offset, int count)
        {
            byte[] copy = buffer[offset..(offset + count)];
            Damage(copy);
            inner.Write(copy);
        }

        public override void Flush() => inner.Flush();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }

        private void Damage(Span<byte> bytes)
        {
            foreach (ref byte value in bytes)
            {
                if (++_count % every == 0)
                    value ^= 0x08;
            }
        }
    }
}
