using System.Globalization;
using Spectre.Console;
using UioInterop.Machines.Host;
using UioInterop.Machines.Running;

namespace UioInterop.Machines.Tool.Commands;

/// <summary>How a run is summed up for a person.</summary>
internal static class VerdictText
{
    public static void Show(RunReport report)
    {
        var colour = report.Verdict.IsGood ? "green" : "red";
        AnsiConsole.MarkupLineInterpolated(
            $"[{colour}]{report.Machine.Name}: {report.Verdict.Outcome}.[/] {report.Verdict.Reason}");
        if (report.Verdict.Line is { } line)
            AnsiConsole.WriteLine($"    {line}");
        foreach (var other in report.Verdict.Besides)
            AnsiConsole.WriteLine($"    besides, {other}");
        AnsiConsole.WriteLine($"    {Times(report.Times)}; logs in {Where(report.Directory)}");
    }

    private static string Where(string directory) =>
        directory.StartsWith(Content.Root + "/", StringComparison.Ordinal) ? Path.GetRelativePath(Content.Root, directory) : directory;

    private static string Times(RunTimes times) =>
        $"user space after {Seconds(times.UserSpace)}, first word of the program after {Seconds(times.FirstTest)}, "
        + $"{Seconds(times.Total)} in all";

    private static string Seconds(TimeSpan? time) =>
        time is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known.TotalSeconds:0.0} s") : "never";
}
