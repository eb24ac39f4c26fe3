using System.CommandLine;
using UioInterop.Tool.Output;

namespace UioInterop.Tool.Commands;

/// <summary><c>uio peek DEVICE OFFSET</c></summary>
internal static class PeekCommand
{
    public static Command Build(Func<ParseResult, Printer> print)
    {
        var access = new RegisterAccess();
        Command command = access.Command("peek", "Read a register");
        command.SetAction(line =>
        {
            (int at, int bits) = access.Place(line);
            access.Run(line, registers =>
            {
                string value = Hex.Of(RegisterAccess.Read(registers, at, bits), bits);
                RegisterData[] data = [new(Hex.Of((ulong)at), value)];
                print(line).Show(data, output => output.WriteLine(value));
            });
            return ExitCode.Done;
        });
        return command;
    }
}
