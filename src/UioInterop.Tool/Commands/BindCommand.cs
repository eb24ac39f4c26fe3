using System.CommandLine;
using UioInterop.Tool.Output;

namespace UioInterop.Tool.Commands;

/// <summary><c>uio bind DEVICE [DRIVER]</c></summary>
internal static class BindCommand
{
    private static readonly TimeSpan s_arrival = TimeSpan.FromSeconds(5);

    public static Command Build(Func<ParseResult, Printer> print)
    {
        Argument<string> device = Arguments.BusDevice();
        Argument<string?> driver = new("DRIVER")
        {
            Description = "Its UIO driver; without it uio_pci_generic or uio_pdrv_genirq, as its bus has",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<bool> takeOver = new("--take-over") { Description = "Take it from the driver that has it" };
        var command = new Command("bind", "Give a device to a UIO driver. It stays there until uio unbind or a reboot")
        {
            device, driver, takeOver,
        };
        command.SetAction(async (line, token) =>
        {
            using DriverBinding binding = line.GetValue(driver) is { } name
                ? DriverBinding.Bind(line.GetRequiredValue(device), name, line.GetValue(takeOver))
                : DriverBinding.Bind(line.GetRequiredValue(device), line.GetValue(takeOver));
            binding.Keep();

            // udev makes the node. A late node is no reason to give the device back.
            string? node = null;
            try
            {
                using UioDevice opened = await UioDevice.WaitForAsync(UioDeviceId.FromParent(binding.Device), s_arrival, token: token);
                node = opened.Info.DevicePath;
            }
            catch (Exception error) when (error is UioException or TimeoutException)
            {
                // The message below says where to look.
            }

            print(line).Show(new BindingData(binding.Device, binding.Driver, binding.PreviousDriver, node),
                output => output.WriteLine($"{binding}{(node is null ? "; uio doctor says why it cannot be opened yet" : $": {node}")}"));
            return ExitCode.Done;
        });
        return command;
    }
}
