using System.CommandLine;
using UioInterop.Tool.Output;

namespace UioInterop.Tool.Commands;

/// <summary><c>uio poke DEVICE OFFSET VALUE</c></summary>
internal static class PokeCommand
{
    public static Command Build(Func<ParseResult, Printer> print)
    {
        Argument<string> device = Arguments.Device();
        Argument<int> offset = Arguments.Number<int>("OFFSET", "Where the register is, in bytes, a multiple of its width");
        Argument<ulong> value = Arguments.Number<ulong>("VALUE", "What is written");
        Option<int> map = Arguments.Map(), width = Arguments.Width();
        Option<bool> shared = Arguments.Shared();
        var command = new Command("poke", "Write a register") { device, offset, value, map, width, shared };
        command.SetAction(line =>
        {
            (int at, int bits) = (line.GetValue(offset), line.GetValue(width));
            RegisterAccess.With(line.GetRequiredValue(device), line.GetValue(map), line.GetValue(shared),
                registers => RegisterAccess.Write(registers, at, bits, line.GetValue(value)));
            RegisterData[] written = [new(Hex.Of((ulong)at), Hex.Of(line.GetValue(value), bits))];
            print(line).Show(written, _ => { });
            return ExitCode.Done;
        });
        return command;
    }
}
