using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using UioInterop.Tool.Output;

namespace UioInterop.Tool.Commands;

/// <summary><c>uio watch [DEVICE]</c>: counts come from sysfs, so that another program may have the device open.</summary>
internal static class WatchCommand
{
    public static Command Build(Func<ParseResult, Printer> print)
    {
        Argument<string?> device = Arguments.AnyDevice("Which UIO device; all without it");
        Option<int> interval = Arguments.NumberOption("--interval", "Milliseconds between two lines, 1 at least", 1000);
        Option<int> lines = Arguments.NumberOption("--lines", "How many times; 0: until Ctrl-C", 0);
        var command = new Command("watch", "Show interrupts as they come: count, new ones, rate") { device, interval, lines };
        interval.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError("--interval is 1 at least.");
        });
        command.SetAction(async (line, token) =>
        {
            string? name = line.GetValue(device);
            UioDeviceInfo[] devices = name is null ? [.. UioDevice.List()] : [UioDevice.Find(name)];
            if (devices.Length == 0)
                throw new IOException("There is no UIO device to watch: uio doctor says what is missing.");
            try
            {
                await WatchAsync(print(line), devices, TimeSpan.FromMilliseconds(line.GetValue(interval)), line.GetValue(lines), token);
            }
            catch (OperationCanceledException)
            {
                // Ctrl-C is how one ends it.
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static async Task WatchAsync(Printer printer, UioDeviceInfo[] devices, TimeSpan interval, int lines, CancellationToken token)
    {
        using var timer = new PeriodicTimer(interval);
        long since = Stopwatch.GetTimestamp();
        for (int i = 0; lines == 0 || i < lines; i++)
        {
            await timer.WaitForNextTickAsync(token);
            double seconds = Stopwatch.GetElapsedTime(since).TotalSeconds;
            since = Stopwatch.GetTimestamp();
            for (int one = 0; one < devices.Length; one++)
            {
                UioDeviceInfo now = UioDevice.Find(UioDeviceId.FromNumber(devices[one].Number));
                uint came = unchecked(now.Interrupts - devices[one].Interrupts);
                devices[one] = now;
                var data = new InterruptData(now.DevicePath, now.Name, now.Interrupts, came, came / seconds);
                printer.Show(data, output => output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{data.Device} {data.Name}: {data.Total}, {data.Came} new, {data.PerSecond:0.0} per second")));
            }
        }
    }
}
