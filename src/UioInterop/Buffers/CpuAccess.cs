using System.Diagnostics.CodeAnalysis;

namespace UioInterop;

/// <summary>
/// A scope in which the CPU may touch a part of a buffer. It begins with <see cref="DmaBuf.BeginAccess"/> and ends with
/// Dispose. At both ends the kernel does what the machine's caches and bounce buffers need.
/// </summary>
/// <example>
/// <code>
/// using (var cpu = buffer.BeginAccess(CpuAccessMode.Write))
///     cpu.Span.Fill(0xff);
/// </code>
/// </example>
/// <remarks>The compiler does not let the span out of the scope, nor the scope across an await.</remarks>
public readonly ref struct CpuAccess
{
    private readonly DmaBuf _buffer;
    private readonly long _ticket;
    private readonly int _place;
    private readonly Span<byte> _span;

    internal CpuAccess(DmaBuf buffer, DmaBuf.Window window)
    {
        _buffer = buffer;
        _ticket = window.Ticket;
        _place = window.Place;
        _span = window.Span;
    }

    /// <summary>The part of the buffer.</summary>
    /// <exception cref="ObjectDisposedException">The scope has ended, or never began.</exception>
    [UnscopedRef]
    public Span<byte> Span
    {
        get
        {
            if (_buffer is null || !_buffer.Ledger.IsOpen(_ticket, _place))
                throw new ObjectDisposedException(nameof(CpuAccess), "The scope of CPU access has ended.");
            return _span;
        }
    }

    /// <summary>Ends the scope. Later calls, on copies too, do nothing.</summary>
    /// <exception cref="UioException">The kernel could not end it: the device may not see what was written.</exception>
    public void Dispose() => _buffer?.EndAccess(_ticket);
}
