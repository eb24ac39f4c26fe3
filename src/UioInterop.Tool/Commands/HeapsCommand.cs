using System.CommandLine;
using UioInterop.Tool.Output;

namespace UioInterop.Tool.Commands;

/// <summary><c>uio heaps</c></summary>
internal static class HeapsCommand
{
    public static Command Build(Func<ParseResult, Printer> print)
    {
        var command = new Command("heaps", "List the heaps that dma-bufs come from");
        command.SetAction(line =>
        {
            HeapData[] heaps = [.. DmaHeap.List().Select(HeapData.Of)];
            print(line).Show(heaps, output =>
            {
                if (heaps.Length == 0)
                    output.WriteLine("There is no heap: the kernel needs CONFIG_DMABUF_HEAPS, and /dev to be mounted.");
                else
                    Printer.Table(output, ["heap", "path", "allocates"], heaps.Select(Row));
            });
            return ExitCode.Done;
        });
        return command;
    }

    private static string[] Row(HeapData heap) => [heap.Name, heap.Path, heap.IsOpen ? "yes" : $"no: {heap.WhyNot}"];
}
