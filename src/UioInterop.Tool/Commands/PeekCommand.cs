using System.CommandLine;
using UioInterop.Tool.Output;

namespace UioInterop.Tool.Commands;

/// <summary><c>uio peek DEVICE OFFSET</c></summary>
internal static class PeekCommand
{
    public static Command Build(Func<ParseResult, Printer> print)
    {
        Argument<string> device = Arguments.Device();
        Argument<int> offset = Arguments.Number<int>("OFFSET", "Where the register is, in bytes, a multiple of its width");
        Option<int> map = Arguments.Map(), width = Arguments.Width();
        Option<bool> shared = Arguments.Shared();
        var command = new Command("peek", "Read a register") { device, offset, map, width, shared };
        command.SetAction(line =>
        {
            (int at, int bits) = (line.GetValue(offset), line.GetValue(width));
            RegisterAccess.With(line.GetRequiredValue(device), line.GetValue(map), line.GetValue(shared), registers =>
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
