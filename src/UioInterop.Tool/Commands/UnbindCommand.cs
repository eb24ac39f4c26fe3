using System.CommandLine;
using UioInterop.Tool.Output;

namespace UioInterop.Tool.Commands;

/// <summary><c>uio unbind DEVICE</c></summary>
internal static class UnbindCommand
{
    public static Command Build(Func<ParseResult, Printer> print)
    {
        Argument<string> device = Arguments.BusDevice();
        var command = new Command("unbind", "Take a device from its driver, and offer it to the kernel's other drivers") { device };
        command.SetAction(line =>
        {
            string name = line.GetRequiredValue(device);
            string? driver = DriverBinding.Release(name);
            print(line).Show(new BindingData(name, driver, null, null),
                output => output.WriteLine(driver is null ? $"{name} has no driver now" : $"{name} has the driver {driver} now"));
            return ExitCode.Done;
        });
        return command;
    }
}
