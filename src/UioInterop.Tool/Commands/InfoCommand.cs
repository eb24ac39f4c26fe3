using System.CommandLine;
using UioInterop.Tool.Output;

namespace UioInterop.Tool.Commands;

/// <summary><c>uio info DEVICE</c></summary>
internal static class InfoCommand
{
    public static Command Build(Func<ParseResult, Printer> print)
    {
        Argument<string> device = Arguments.Device();
        var command = new Command("info", "Tell all about a device") { device };
        command.SetAction(line =>
        {
            UioDeviceInfo info = UioDevice.Find(line.GetRequiredValue(device));
            (UioFeatures? features, string? whyNot) = Ask(info);
            var details = new DeviceDetails(info, features, whyNot);
            print(line).Show(details,
                output => Printer.Table(output, ["", ""], Rows(info, features, whyNot)));
            return ExitCode.Done;
        });
        return command;
    }

    // A device that another program has is not opened: its close would end that program's DMA.
    private static (UioFeatures? Features, string? WhyNot) Ask(UioDeviceInfo info)
    {
        try
        {
            using UioDevice device = UioDevice.Open(UioDeviceId.FromNumber(info.Number));
            return (device.Features, null);
        }
        catch (UioException error)
        {
            return (null, error.Message);
        }
    }

    private static IEnumerable<string[]> Rows(UioDeviceInfo info, UioFeatures? features, string? whyNot)
    {
        yield return ["device", info.DevicePath];
        yield return ["name", $"{info.Name}, version {info.Version}"];
        yield return ["parent", info.ParentPath];
        yield return ["driver", info.Driver];
        if (info.DeviceTreeNode.Length > 0)
            yield return ["node", $"{info.DeviceTreeNode} ({string.Join(", ", info.Compatible)})"];
        foreach (UioMapInfo map in info.Maps)
            yield return [$"map {map.Index}", $"{Hex.Of(map.PhysicalAddress)}, {ByteSize.Of(map.Length)} {map.Name}"];
        yield return ["interrupts", $"{info.Interrupts}"];
        yield return ["IOMMU", info.Iommu?.ToString() ?? "none"];
        if (features is null)
        {
            yield return ["import", $"unknown: {whyNot}"];
            yield break;
        }

        if (!features.AttachesByHandle)
        {
            yield return ["import", "by the boards' two ioctls, if at all: uio import tries"];
            yield break;
        }

        yield return ["import", $"by handle; at most {features.MaxMappings} buffers of {ByteSize.Of(features.MaxBytes)} together"];
        yield return ["translation", $"{features.Translation}"];
        yield return ["DMA mask", $"{features.AddressBits} bits"];
        yield return ["addresses", features.ExposesAddresses ? "told" : "kept by the kernel"];
        yield return ["writes them", features.WritesAddresses ? "yes" : "no"];
        yield return ["quiesce", features.RunsQuiescePrograms ? "the kernel stops the device when a program dies" : "no"];
    }
}
