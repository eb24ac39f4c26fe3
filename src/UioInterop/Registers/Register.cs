namespace UioInterop;

/// <summary>A register: where it is, and what its manual calls it.</summary>
/// <typeparam name="T">Its width: <see cref="byte"/>, <see cref="ushort"/>, <see cref="uint"/> or <see cref="ulong"/>.</typeparam>
/// <param name="Offset">Offset from the start of the map in bytes, a multiple of the width.</param>
/// <param name="Name">Its name, for messages.</param>
/// <example><code>static readonly Register&lt;uint&gt; Status = new(0x24, "interrupt status");</code></example>
public readonly record struct Register<T>(int Offset, string Name) where T : unmanaged
{
    /// <summary>The name and the offset: <c>interrupt status (0x24)</c>.</summary>
    public override string ToString() => $"{Name} (0x{Offset:x})";
}
