using System.CommandLine;
using UioInterop.Tool.Output;

namespace UioInterop.Tool.Commands;

/// <summary><c>uio dump DEVICE OFFSET LENGTH</c></summary>
internal static class DumpCommand
{
    private const int BytesPerLine = 16;

    public static Command Build(Func<ParseResult, Printer> print)
    {
        var access = new RegisterAccess();
        Argument<int> length = Arguments.Number<int>("LENGTH", "How many bytes, a multiple of the width");
        Command command = access.Command(
            "dump", "Read registers in a row. Some devices change when they are read: name what you want to see", length);
        command.SetAction(line =>
        {
            (int at, int bits) = access.Place(line);
            int bytes = line.GetValue(length);
            if (bytes == 0 || bytes % (bits / 8) != 0)
                throw new ArgumentException($"LENGTH is a multiple of {bits / 8} bytes, more than 0.", nameof(line));
            access.Run(line, registers =>
            {
                _ = registers.Slice(at, bytes); // refused before the first read, if it is too long
                var values = new List<RegisterData>();
                for (int one = at; one < at + bytes; one += bits / 8)
                    values.Add(new RegisterData(Hex.Of((ulong)one, 32), Hex.Of(RegisterAccess.Read(registers, one, bits), bits)));
                print(line).Show(values, output =>
                {
                    foreach (RegisterData[] row in values.Chunk(BytesPerLine * 8 / bits))
                        output.WriteLine($"{row[0].Offset}  {string.Join(' ', row.Select(one => one.Value[2..]))}");
                });
            });
            return ExitCode.Done;
        });
        return command;
    }
}
