using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace UioInterop;

/// <summary>
/// Memory that a device and the program share, as values of one type: a <see cref="DmaBuf"/> and its
/// <see cref="DmaMapping"/> in one. <see cref="UioDevice.Allocate{T}"/> makes it.
/// </summary>
/// <remarks>
/// Each call that touches the values opens a scope of CPU access and ends it, see <see cref="DmaBuf.BeginAccess"/>: it throws
/// while a transfer of the buffer is under way. For more than a copy, open a scope on <see cref="Buffer"/>.
/// </remarks>
/// <typeparam name="T">The type of its values.</typeparam>
/// <example>
/// <code>
/// using DeviceBuffer&lt;uint&gt; samples = device.Allocate&lt;uint&gt;(1024, DmaDirection.ToDevice);
/// samples.Write(data);
/// </code>
/// </example>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class DeviceBuffer<T> : IDisposable where T : unmanaged
{
    internal DeviceBuffer(DmaMapping mapping, long length)
    {
        Mapping = mapping;
        Length = length;
    }

    /// <summary>The buffer.</summary>
    public DmaBuf Buffer => Mapping.Buffer;

    /// <summary>How the device reaches it. Drivers' transfers take it.</summary>
    public DmaMapping Mapping { get; }

    /// <summary>How many values it has, as asked for.</summary>
    public long Length { get; }

    /// <summary>Its <see cref="Mapping"/>, which drivers' transfers take.</summary>
    /// <param name="buffer">The buffer.</param>
    public static implicit operator DmaMapping(DeviceBuffer<T> buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        return buffer.Mapping;
    }

    /// <summary>Copies values into it.</summary>
    /// <param name="values">The values.</param>
    /// <param name="index">The index of the first value to replace.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer values from that index on.</exception>
    /// <inheritdoc cref="DmaBuf.BeginAccess"/>
    public void Write(ReadOnlySpan<T> values, long index = 0) => Buffer.Write(values, OffsetOf(index));

    /// <summary>Copies values out of it.</summary>
    /// <param name="values">Where they go. All of it is filled.</param>
    /// <param name="index">The index of the first value.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer values from that index on.</exception>
    /// <inheritdoc cref="DmaBuf.BeginAccess"/>
    public void Read(Span<T> values, long index = 0) => Buffer.Read(values, OffsetOf(index));

    /// <summary>Sets every value to the same one.</summary>
    /// <param name="value">The value.</param>
    /// <inheritdoc cref="DmaBuf.BeginAccess"/>
    public void Fill(T value) => Buffer.Fill(value);

    /// <summary>A copy of its values.</summary>
    /// <exception cref="OverflowException">They are more than an array can have.</exception>
    /// <inheritdoc cref="DmaBuf.BeginAccess"/>
    public T[] ToArray() => Buffer.ToArray<T>();

    /// <summary>The same memory as values of another type. Disposing either disposes both.</summary>
    /// <typeparam name="TOther">The other type.</typeparam>
    public DeviceBuffer<TOther> As<TOther>() where TOther : unmanaged => new(Mapping, Buffer.Length / Unsafe.SizeOf<TOther>());

    /// <summary>Ends the mapping, as <see cref="DmaMapping.Dispose"/> does, and closes the buffer.</summary>
    public void Dispose()
    {
        Mapping.Dispose();
        Buffer.Dispose();
    }

    /// <summary>The buffer in words: <c>1024 UInt32, ToDevice, dma-buf of 4096 bytes from system</c>.</summary>
    public override string ToString() => $"{Length} {typeof(T).Name}, {Mapping.Direction}, {Buffer}";

    private static long OffsetOf(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return checked(index * Unsafe.SizeOf<T>());
    }
}
