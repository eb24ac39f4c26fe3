using System.CommandLine;
using UioInterop.Tool.Output;

namespace UioInterop.Tool.Commands;

/// <summary><c>uio list</c></summary>
internal static class ListCommand
{
    public static Command Build(Func<ParseResult, Printer> print)
    {
        var command = new Command("list", "List the UIO devices");
        command.SetAction(line =>
        {
            IReadOnlyList<UioDeviceInfo> devices = UioDevice.List();
            print(line).Show(devices.Select(device => new DeviceData(device)).ToArray(), output =>
            {
                if (devices.Count == 0)
                    output.WriteLine("There is no UIO device: uio bind DEVICE makes one, uio doctor says what is missing.");
                else
                    Printer.Table(output, ["device", "name", "parent", "driver", "maps", "interrupts"], devices.Select(Row));
            });
            return ExitCode.Done;
        });
        return command;
    }

    private static string[] Row(UioDeviceInfo info) =>
    [
        info.DevicePath, info.Name, info.ParentName, info.Driver, string.Join(", ", info.Maps.Select(map => ByteSize.Of(map.Length))),
        $"{info.Interrupts}",
    ];
}
