using System.Buffers.Binary;

namespace UioInterop.Devices;

/// <summary>
/// How an AXI DMA was built, as far as its registers do not tell, in the words of Vivado's dialog. Options left out come from
/// the device tree node (<c>xlnx,sg-length-width</c>, <c>xlnx,addrwidth</c>), or are Vivado's defaults.
/// </summary>
public sealed record AxiDmaOptions
{
    private const int DefaultLengthWidth = 14, DefaultAddressWidth = 32;

    /// <summary>"Width of Buffer Length Register", in bits, 8 to 26. Without it and <c>xlnx,sg-length-width</c>: 14.</summary>
    public int? LengthWidth { get; init; }

    /// <summary>"Address Width", in bits, 32 to 64. Without it and <c>xlnx,addrwidth</c>: 32.</summary>
    public int? AddressWidth { get; init; }

    /// <summary>
    /// The wider of "Memory Map Data Width" and "Stream Data Width", in bits. Without data realignment, addresses are multiples of
    /// it, and so are the lengths of all parts of a packet but the last.
    /// </summary>
    public int DataWidth { get; init; } = 32;

    /// <summary>"Allow Unaligned Transfers": the core has its data realignment engine (DRE).</summary>
    public bool HasDataRealignment { get; init; }

    /// <summary>"Enable Scatter Gather Engine". Left out, the core's SGIncld bit decides, which all but QEMU's own model have.</summary>
    public bool? HasScatterGather { get; init; }

    /// <summary>Whether the core writes the number of received bytes into descriptors. QEMU's own model does not.</summary>
    public bool CountsBytes { get; init; } = true;

    /// <summary>
    /// How often a channel is asked whether it is done, 1 ms or more: for a core whose interrupts are not connected. It can be one
    /// UIO device without an interrupt. Null, the default, waits for interrupts.
    /// </summary>
    public TimeSpan? PollInterval { get; init; }

    /// <summary>How the UIO devices are opened.</summary>
    public UioOpenOptions? Open { get; init; }

    internal AxiDmaOptions For(UioDeviceInfo device)
    {
        int length = LengthWidth ?? Read(device, "xlnx,sg-length-width") ?? DefaultLengthWidth;
        int address = AddressWidth ?? Read(device, "xlnx,addrwidth") ?? DefaultAddressWidth;
        Check(length is >= 8 and <= 26, nameof(LengthWidth), length, $"{device}: a length register has 8 to 26 bits.");
        Check(address is >= 32 and <= 64, nameof(AddressWidth), address, $"{device}: an address has 32 to 64 bits.");
        Check(DataWidth is >= 8 and <= 1024 && int.IsPow2(DataWidth), nameof(DataWidth), DataWidth,
            $"{device}: a port is 8 to 1024 bits wide, a power of two.");
        return this with { LengthWidth = length, AddressWidth = address };
    }

    /// <summary>The longest transfer of one descriptor, or in direct register mode, in bytes.</summary>
    internal int MaxLength => (1 << LengthWidth!.Value) - 1;

    /// <summary>The alignment of addresses, in bytes.</summary>
    internal int Alignment => HasDataRealignment ? 1 : DataWidth / 8;

    internal bool IsWide => AddressWidth > 32;

    private static void Check(bool isGood, string option, int value, string message)
    {
        if (!isGood)
            throw new ArgumentOutOfRangeException(option, value, message);
    }

    private static int? Read(UioDeviceInfo device, string property)
    {
        string path = $"/sys/firmware/devicetree/base{device.DeviceTreeNode}/{property}";
        return device.DeviceTreeNode.Length > 0 && File.Exists(path) && File.ReadAllBytes(path) is { Length: 4 } cell
            ? BinaryPrimitives.ReadInt32BigEndian(cell)
            : null;
    }
}
