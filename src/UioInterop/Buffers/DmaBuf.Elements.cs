using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using UioInterop.Interop;

namespace UioInterop;

// Whole-buffer convenience: one scope of CPU access a call.
public sealed partial class DmaBuf
{
    /// <summary>Copies values into the buffer, in a scope of its own.</summary>
    /// <param name="values">The values.</param>
    /// <param name="offset">Where they go, in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not inside of the buffer.</exception>
    /// <inheritdoc cref="BeginAccess"/>
    public void Write<T>(ReadOnlySpan<T> values, long offset = 0) where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        CheckPart(offset, bytes.Length);
        using CpuAccess cpu = BeginAccess(CpuAccessMode.Write, offset, bytes.Length);
        bytes.CopyTo(cpu.Span);
    }

    /// <summary>Copies values out of the buffer, in a scope of its own. A read-only buffer will do.</summary>
    /// <param name="values">Where they go. All of it is filled.</param>
    /// <param name="offset">Where they are, in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not inside of the buffer.</exception>
    /// <inheritdoc cref="BeginAccess"/>
    public void Read<T>(Span<T> values, long offset = 0) where T : unmanaged
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(values);
        CheckPart(offset, bytes.Length);
        Window window = Open(CpuAccessMode.Read, offset, bytes.Length, toWrite: false);
        try
        {
            window.Span.CopyTo(bytes);
        }
        finally
        {
            EndAccess(window.Ticket);
            GC.KeepAlive(this);
        }
    }

    /// <summary>Fills the buffer with a value, in a scope of its own. A rest shorter than a value stays as it is.</summary>
    /// <param name="value">The value.</param>
    /// <inheritdoc cref="BeginAccess"/>
    public void Fill<T>(T value) where T : unmanaged
    {
        // A scope is at most as long as a span, and each begins with a whole value.
        long most = int.MaxValue / Unsafe.SizeOf<T>() * Unsafe.SizeOf<T>();
        for (long offset = 0; offset < Length; offset += most)
        {
            using CpuAccess cpu = BeginAccess(CpuAccessMode.Write, offset, (int)Math.Min(most, Length - offset));
            MemoryMarshal.Cast<byte, T>(cpu.Span).Fill(value);
        }
    }

    /// <summary>A copy of the buffer, made in a scope of its own. A rest shorter than a value is left out.</summary>
    /// <exception cref="OverflowException">It is longer than an array can be.</exception>
    /// <inheritdoc cref="BeginAccess"/>
    public T[] ToArray<T>() where T : unmanaged
    {
        var values = new T[checked((int)(Length / Unsafe.SizeOf<T>()))];
        Read(values.AsSpan());
        return values;
    }

    private void CheckPart(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length);
        if (length > Length - offset)
            throw new ArgumentOutOfRangeException(nameof(length), length, $"{length} bytes from {offset} on are not inside of {this}.");
    }
}
