using System.CommandLine;
using UioInterop.Tool.Doctor;
using UioInterop.Tool.Output;

namespace UioInterop.Tool.Commands;

/// <summary><c>uio doctor [DEVICE]</c></summary>
internal static class DoctorCommand
{
    public static Command Build(Func<ParseResult, Printer> print)
    {
        Argument<string?> device = Arguments.AnyDevice("The device that matters; any without it");
        var command = new Command("doctor", "Find what keeps a device from doing DMA, and say what to do about it") { device };
        command.SetAction(line =>
        {
            DoctorReport report = Diagnosis.Run(line.GetValue(device) is { } name ? UioDevice.Find(name) : null);
            print(line).Show(report, output => Write(output, report));
            return report.CanTransfer ? ExitCode.Done : ExitCode.NoTransfer;
        });
        return command;
    }

    private static void Write(TextWriter output, DoctorReport report)
    {
        foreach (Finding finding in report.Findings)
        {
            string mark = finding.Level switch { Finding.GoodLevel => "[ok]  ", Finding.NoteLevel => "[note]", _ => "[FAIL]" };
            output.WriteLine($"{mark} {finding.Check,-9} {finding.Subject}: {finding.Message}");
            if (finding.Remedy is { } remedy)
                output.WriteLine($"                 -> {remedy}");
        }

        output.WriteLine(report.CanTransfer ? "A transfer can be made." : "No transfer can be made.");
    }
}
