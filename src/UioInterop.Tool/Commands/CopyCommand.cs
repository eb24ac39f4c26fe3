using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using UioInterop.Devices;
using UioInterop.Tool.Output;

namespace UioInterop.Tool.Commands;

/// <summary><c>uio copy DEVICE</c>: the proof that a DMA engine works.</summary>
internal static class CopyCommand
{
    public static Command Build(Func<ParseResult, Printer> print)
    {
        Argument<string> device = Arguments.Device();
        Option<string?> kind = new("--kind")
        {
            Description = "What it is, where the device tree does not say: "
                + string.Join("; ", CopyEngine.Kinds.Select(one => $"{one.Key} ({one.Value})")),
        };
        Option<int> size = Arguments.NumberOption("--size", "Bytes, more than 0", 4096);
        Option<int> times = Arguments.NumberOption("--times", "How often, more than 0", 1);
        Option<int> timeout = Arguments.NumberOption("--timeout", "Milliseconds that one copy may take", 5000);
        var command = new Command("copy", "Have a DMA engine copy a buffer, and compare") { device, kind, size, times, timeout };
        command.SetAction(async (line, token) =>
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(line.GetValue(size), 1, "--size");
            ArgumentOutOfRangeException.ThrowIfLessThan(line.GetValue(times), 1, "--times");
            using CopyEngine engine = CopyEngine.Open(line.GetRequiredValue(device), line.GetValue(kind));
            CopyData data = await CopyAsync(
                engine, line.GetValue(size), line.GetValue(times), TimeSpan.FromMilliseconds(line.GetValue(timeout)), token);
            print(line).Show(data, output => output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{data.Device} copied {data.Times} times {ByteSize.Of(data.Length)} in {data.Milliseconds:0.0} ms: "
                    + $"{(data.IsEqual ? "equal" : "NOT EQUAL")}")));
            return data.IsEqual ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static async Task<CopyData> CopyAsync(CopyEngine engine, int size, int times, TimeSpan timeout, CancellationToken token)
    {
        using DeviceBuffer<byte> source = engine.Device.Allocate<byte>(size, DmaDirection.ToDevice);
        using DeviceBuffer<byte> destination = engine.Device.Allocate<byte>(size, DmaDirection.FromDevice);
        byte[] pattern = new byte[size], result = new byte[size];
        bool isEqual = true;
        TimeSpan took = TimeSpan.Zero;
        for (int i = 0; i < times; i++)
        {
            // Another pattern each time: the rest of an earlier copy would look right.
            new Random(i).NextBytes(pattern);
            source.Write(pattern);
            long start = Stopwatch.GetTimestamp();
            await engine.CopyAsync(source, destination, size, timeout, token);
            took += Stopwatch.GetElapsedTime(start);
            destination.Read(result);
            isEqual &= pattern.AsSpan().SequenceEqual(result);
        }

        return new CopyData(engine.Device.Info.DevicePath, size, times, isEqual, took.TotalMilliseconds);
    }
}
