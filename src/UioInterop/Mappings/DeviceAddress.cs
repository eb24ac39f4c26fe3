using System.Globalization;

namespace UioInterop;

/// <summary>
/// An address as the device uses it for DMA: an I/O virtual address behind an IOMMU, a bus address without one. It is
/// not an address of the CPU.
/// </summary>
/// <param name="Value">The address, in bytes.</param>
public readonly record struct DeviceAddress(ulong Value)
{
    /// <summary>The address that is <paramref name="offset"/> bytes further on.</summary>
    public static DeviceAddress operator +(DeviceAddress address, long offset) => address.Add(offset);

    /// <summary>The address that is <paramref name="offset"/> bytes further on.</summary>
    /// <exception cref="OverflowException">There is no such address.</exception>
    public DeviceAddress Add(long offset) =>
        new(offset < 0 ? checked(Value - (ulong)-offset) : checked(Value + (ulong)offset));

    /// <summary>The address in hexadecimal: <c>0xfffff000</c>.</summary>
    public override string ToString() => "0x" + Value.ToString("x", CultureInfo.InvariantCulture);
}
