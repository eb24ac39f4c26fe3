using System.Diagnostics;
using System.Text.RegularExpressions;

namespace UioInterop.GuestTests.Support;

/// <summary>A program that says how its tests went in the Test Anything Protocol (testanything.org), run to its end.</summary>
internal sealed partial record TapProgram(int ExitCode, IReadOnlyList<string> Lines)
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(40);

    public static TapProgram Run(string path)
    {
        using var process = Process.Start(new ProcessStartInfo(path) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(s_timeout))
        {
            process.Kill();
            Assert.Fail($"{path} is not done after {s_timeout.TotalSeconds} s");
        }
        return new TapProgram(process.ExitCode, output.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>How many tests there were, after the program; null when it did not come to its end.</summary>
    public int? Planned => Lines.Select(line => Plan().Match(line)).FirstOrDefault(match => match.Success) is { } plan
        ? int.Parse(plan.Groups[1].ValueSpan, null)
        : null;

    /// <summary>Results of tests that ran and went well.</summary>
    public int Passed => Lines.Count(line => line.StartsWith("ok ", StringComparison.Ordinal) && !line.Contains("# SKIP", StringComparison.Ordinal));

    [GeneratedRegex(@"^1\.\.(\d+)")]
    private static partial Regex Plan();
}
