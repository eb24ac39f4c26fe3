using System.CommandLine;

namespace UioInterop.Tool.Commands;

/// <summary>What <c>peek</c>, <c>poke</c> and <c>dump</c> share: a device's registers, of a width.</summary>
internal static class RegisterAccess
{
    /// <summary>Opens the device, runs the access on its map, and closes it.</summary>
    public static void With(UioDeviceId id, int map, bool isShared, Action<Registers> access)
    {
        using UioDevice device = UioDevice.Open(id, new UioOpenOptions { IsExclusive = !isShared });
        access(device.GetRegisters(map));
    }

    public static ulong Read(Registers registers, int offset, int width) => width switch
    {
        8 => registers.Read8(offset),
        16 => registers.Read16(offset),
        32 => registers.Read32(offset),
        _ => registers.Read64(offset),
    };

    public static void Write(Registers registers, int offset, int width, ulong value)
    {
        if (width < 64 && value >> width != 0)
            throw new ArgumentException($"{Output.Hex.Of(value)} has more than {width} bits.", nameof(value));
        switch (width)
        {
            case 8: registers.Write8(offset, (byte)value); break;
            case 16: registers.Write16(offset, (ushort)value); break;
            case 32: registers.Write32(offset, (uint)value); break;
            default: registers.Write64(offset, value); break;
        }
    }
}
