using System.CommandLine;
using UioInterop.Tool.Output;

namespace UioInterop.Tool.Commands;

/// <summary>What <c>peek</c>, <c>poke</c> and <c>dump</c> share: a place in a device's registers, and their width.</summary>
internal sealed class RegisterAccess
{
    private readonly Argument<string> _device = Arguments.Device();
    private readonly Argument<int> _offset =
        Arguments.Number<int>("OFFSET", "Where the first register is, in bytes, a multiple of its width");

    private readonly Option<int> _map = Arguments.NumberOption("--map", "Which of the device's memory maps", 0);
    private readonly Option<int> _width = Arguments.NumberOption("--width", "Bits of a register: 8, 16, 32 or 64", 32);
    private readonly Option<bool> _shared = new("--shared")
    {
        Description = "Also when another program has the device open. On uio_pci_generic, closing it ends that program's DMA",
    };

    public RegisterAccess() => _width.Validators.Add(result =>
    {
        if (result.GetValueOrDefault<int>() is not (8 or 16 or 32 or 64))
            result.AddError("--width is 8, 16, 32 or 64.");
    });

    /// <summary>Makes a command of it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it does.</param>
    /// <param name="rest">What it takes after the offset; null: nothing.</param>
    public Command Command(string name, string description, Argument? rest = null)
    {
        var command = new Command(name, description) { _device, _offset };
        if (rest is not null)
            command.Arguments.Add(rest);
        command.Options.Add(_map);
        command.Options.Add(_width);
        command.Options.Add(_shared);
        return command;
    }

    /// <summary>The offset in bytes, and the width in bits.</summary>
    public (int Offset, int Bits) Place(ParseResult line) => (line.GetValue(_offset), line.GetValue(_width));

    /// <summary>Opens the device, runs the access on its map, and closes it.</summary>
    public void Run(ParseResult line, Action<Registers> access)
    {
        using UioDevice device = UioDevice.Open(
            line.GetRequiredValue(_device), new UioOpenOptions { IsExclusive = !line.GetValue(_shared) });
        access(device.GetRegisters(line.GetValue(_map)));
    }

    public static ulong Read(Registers registers, int offset, int bits) => bits switch
    {
        8 => registers.Read8(offset),
        16 => registers.Read16(offset),
        32 => registers.Read32(offset),
        _ => registers.Read64(offset),
    };

    public static void Write(Registers registers, int offset, int bits, ulong value)
    {
        if (bits < 64 && value >> bits != 0)
            throw new ArgumentException($"{Hex.Of(value)} has more than {bits} bits.", nameof(value));
        switch (bits)
        {
            case 8: registers.Write8(offset, (byte)value); break;
            case 16: registers.Write16(offset, (ushort)value); break;
            case 32: registers.Write32(offset, (uint)value); break;
            default: registers.Write64(offset, value); break;
        }
    }
}
