using System.Diagnostics;
using System.Text.RegularExpressions;

namespace UioInterop.GuestTests.Support;

/// <summary>A program that says how its tests went in the Test Anything Protocol (testanything.org), run to its end.</summary>
internal sealed partial record TapProgram(int ExitCode, IReadOnlyList<string> Lines)
{
    private static readonly TimeSpan s_timeout = Bound.Long;

    public static TapProgram Run(string path, params IEnumerable<KeyValuePair<string, string?>> environment)
    {
        var start = new ProcessStartInfo(path) { RedirectStandardOutput = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
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

    /// <summary>Fails unless all tests that were planned, and there were some, ran and went well.</summary>
    public void AssertAllPassed()
    {
        var words = string.Join('\n', Lines);
        Assert.That(ExitCode, Is.Zero, words);
        Assert.That(Planned, Is.GreaterThan(0), words);
        Assert.That(Passed, Is.EqualTo(Planned), words);
    }

    [GeneratedRegex(@"^1\.\.(\d+)")]
    private static partial Regex Plan();
}
