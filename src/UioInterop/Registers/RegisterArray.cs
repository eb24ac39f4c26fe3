using System.Runtime.CompilerServices;

namespace UioInterop;

/// <summary>Registers of one kind at equal distances: channels, mailboxes, tables.</summary>
/// <typeparam name="T">As for <see cref="Register{T}"/>.</typeparam>
/// <example>
/// <code>
/// static readonly RegisterArray&lt;uint&gt; Levels = new(0x100, count: 16, stride: 0x10, "level");
/// uint third = registers.Read(Levels[2]);
/// </code>
/// </example>
public readonly record struct RegisterArray<T> where T : unmanaged
{
    private readonly string? _name;

    /// <summary>Describes registers that follow each other without gaps.</summary>
    /// <inheritdoc cref="RegisterArray{T}(int, int, int, string?)"/>
    public RegisterArray(int offset, int count, string? name = null) : this(offset, count, Unsafe.SizeOf<T>(), name)
    {
    }

    /// <summary>Describes registers at equal distances.</summary>
    /// <param name="offset">Offset of the first from the start of the registers in bytes, a multiple of the width.</param>
    /// <param name="count">How many there are, at least one.</param>
    /// <param name="stride">From each to the next in bytes: a multiple of the width, at least the width.</param>
    /// <param name="name">Their name, for messages; may be left out.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is none; they overlap; or the last is beyond 2 GiB.</exception>
    /// <exception cref="ArgumentException">The stride is not a multiple of the width.</exception>
    /// <exception cref="NotSupportedException">T is not an integer of 1, 2, 4 or 8 bytes, nor an enumeration.</exception>
    public RegisterArray(int offset, int count, int stride, string? name = null)
    {
        RegisterBits.ThrowIfUnsupported<T>();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, Unsafe.SizeOf<T>());
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + ((long)(count - 1) * stride), int.MaxValue, nameof(count));
        if (stride % Unsafe.SizeOf<T>() != 0)
        {
            throw new ArgumentException(
                $"A stride of {stride} bytes is not a multiple of the registers' width, {Unsafe.SizeOf<T>()} bytes.", nameof(stride));
        }

        Offset = offset;
        Count = count;
        Stride = stride;
        _name = name;
    }

    /// <summary>Offset of the first from the start of the registers in bytes.</summary>
    public int Offset { get; }

    /// <summary>How many there are.</summary>
    public int Count { get; }

    /// <summary>From each to the next in bytes.</summary>
    public int Stride { get; }

    /// <summary>One of them.</summary>
    /// <param name="index">Which, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is none with that number.</exception>
    public Register<T> this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            return new Register<T>(Offset + (index * Stride), _name);
        }
    }

    /// <summary>The name, the count and the first offset: <c>level[16] (0x100)</c>.</summary>
    public override string ToString() => $"{_name ?? "register"}[{Count}] (0x{Offset:x})";
}
