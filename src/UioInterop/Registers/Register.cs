using System.Runtime.CompilerServices;

namespace UioInterop;

/// <summary>A register: where it is, and what its manual calls it.</summary>
/// <typeparam name="T">
/// Its width and what it holds: an integer of 8, 16, 32 or 64 bits, signed or not, or an enumeration of one. Not
/// <see cref="nint"/>: its width depends on the program, not on the device.
/// </typeparam>
/// <example><code>static readonly Register&lt;uint&gt; Status = new(0x24, "interrupt status");</code></example>
public readonly record struct Register<T> where T : unmanaged
{
    private readonly string? _name;

    /// <summary>Describes a register.</summary>
    /// <param name="offset">Offset from the start of the registers in bytes, a multiple of the width.</param>
    /// <param name="name">Its name, for messages; may be left out.</param>
    /// <exception cref="NotSupportedException">T is not an integer of 1, 2, 4 or 8 bytes, nor an enumeration.</exception>
    public Register(int offset, string? name = null)
    {
        RegisterBits.ThrowIfUnsupported<T>();
        Offset = offset;
        _name = name;
    }

    /// <summary>Offset from the start of the registers in bytes, a multiple of the width.</summary>
    public int Offset { get; init; }

    /// <summary>Its name, for messages; <c>register</c> when it was given none.</summary>
    public string Name => _name ?? "register";

    /// <summary>The name and the offset: <c>interrupt status (0x24)</c>.</summary>
    public override string ToString() => $"{Name} (0x{Offset:x})";
}
