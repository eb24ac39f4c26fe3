using System.CommandLine;
using UioInterop.Tool.Output;

namespace UioInterop.Tool.Commands;

/// <summary><c>uio poke DEVICE OFFSET VALUE</c></summary>
internal static class PokeCommand
{
    public static Command Build(Func<ParseResult, Printer> print)
    {
        var access = new RegisterAccess();
        Argument<ulong> value = Arguments.Number<ulong>("VALUE", "What is written");
        Command command = access.Command("poke", "Write a register", value);
        command.SetAction(line =>
        {
            (int at, int bits) = access.Place(line);
            access.Run(line, registers => RegisterAccess.Write(registers, at, bits, line.GetValue(value)));
            RegisterData[] written = [new(Hex.Of((ulong)at), Hex.Of(line.GetValue(value), bits))];
            print(line).Show(written, _ => { });
            return ExitCode.Done;
        });
        return command;
    }
}
