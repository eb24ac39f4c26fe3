namespace UioInterop;

/// <summary>
/// A value for a register. A T converts to it implicitly. As a parameter's type it lets the register decide what T is, so that
/// a literal such as 0 needs no suffix or cast.
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
