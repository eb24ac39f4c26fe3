using System.CommandLine;
using UioInterop.Tool.Output;

namespace UioInterop.Tool.Commands;

/// <summary><c>uio import DEVICE</c></summary>
internal static class ImportCommand
{
    private const int MostRanges = 16;

    public static Command Build(Func<ParseResult, Printer> print)
    {
        Argument<string> device = Arguments.Device();
        Option<long> size = Arguments.NumberOption("--size", "Bytes, more than 0", 4096L);
        Option<string?> heap = new("--heap") { Description = "Which heap; without it the one that suits the device" };
        Option<DmaDirection> direction = new("--direction")
        {
            Description = "What the device may do with it",
            DefaultValueFactory = _ => DmaDirection.Bidirectional,
        };
        var command = new Command("import", "Allocate a buffer, import it into a device, show where it is, release it")
        {
            device, size, heap, direction,
        };
        command.SetAction(line =>
        {
            using UioDevice opened = UioDevice.Open(line.GetRequiredValue(device));
            using DmaMapping mapping = Import(opened, line.GetValue(heap), line.GetValue(size), line.GetValue(direction));
            using DmaBuf buffer = mapping.Buffer;
            RangeData[]? ranges = opened.Features.ExposesAddresses
                ? [.. mapping.Ranges.Select(range => new RangeData(range.Address.ToString(), range.Length))]
                : null;
            var data = new ImportData(
                opened.Info.DevicePath, buffer.ToString(), mapping.Direction, mapping.Length, mapping.RangeCount, ranges);
            print(line).Show(data, output =>
            {
                string count = data.RangeCount == 1 ? "1 range" : $"{data.RangeCount} ranges";
                output.WriteLine($"{data.Device} reaches {data.Heap}, {data.Direction}, {count}");
                if (ranges is null)
                    output.WriteLine("The kernel keeps bus addresses to itself.");
                else
                {
                    Printer.Table(
                        output, ["", ""], ranges.Take(MostRanges).Select(range => new[] { range.Address, ByteSize.Of(range.Length) }));
                }

                if (ranges?.Length > MostRanges)
                    output.WriteLine($"and {ranges.Length - MostRanges} more");
            });
            return ExitCode.Done;
        });
        return command;
    }

    private static DmaMapping Import(UioDevice device, string? heap, long size, DmaDirection direction)
    {
        if (heap is null)
            return device.Allocate<byte>(size, direction).Mapping;

        DmaBuf buffer = DmaHeap.Open(heap).Allocate(size);
        try
        {
            return device.Import(buffer, direction);
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }
}
