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
            HeapData[] heaps = [.. DmaHeap.List().Select(Try)];
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

    /// <summary>Whether a heap gives a page to this program.</summary>
    public static HeapData Try(DmaHeap heap)
    {
        try
        {
            using DmaBuf buffer = heap.Allocate(1);
            return new HeapData(heap.Name, heap.DevicePath, true, null);
        }
        catch (UioException error)
        {
            return new HeapData(heap.Name, heap.DevicePath, false, error.Message);
        }
    }

    private static string[] Row(HeapData heap) => [heap.Name, heap.Path, heap.IsOpen ? "yes" : $"no: {heap.WhyNot}"];
}
