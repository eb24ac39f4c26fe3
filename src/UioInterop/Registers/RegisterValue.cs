namespace UioInterop;

/// <summary>
/// A value for a register, which a T becomes by itself. It is the type of parameters whose register says what T is: a literal,
/// as 0, then needs no suffix or cast.
/// </summary>
/// <typeparam name="T">The register's type.</typeparam>
/// <param name="Value">The value.</param>
public readonly record struct RegisterValue<T>(T Value) where T : unmanaged
{
    /// <summary>Takes a value as it is.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator RegisterValue<T>(T value) => new(value);

    /// <summary>The value in words.</summary>
    public override string ToString() => Value.ToString() ?? "";
}
