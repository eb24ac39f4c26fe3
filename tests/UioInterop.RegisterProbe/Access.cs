namespace UioInterop.RegisterProbe;

/// <summary>One access as a device sees it.</summary>
/// <param name="IsWrite">Whether it wrote.</param>
/// <param name="Offset">Offset in the device's registers in bytes.</param>
/// <param name="Width">Bytes accessed at once.</param>
public readonly record struct Access(bool IsWrite, int Offset, int Width)
{
    public override string ToString() => $"{(IsWrite ? "write" : "read")}{Width * 8} 0x{Offset:x}";
}
