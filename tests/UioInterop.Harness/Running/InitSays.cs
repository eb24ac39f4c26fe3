using System.Text.RegularExpressions;

namespace UioInterop.Harness.Running;

/// <summary>The words of tests/init/init.c that a verdict depends on.</summary>
internal static partial class InitSays
{
    public const string Running = "init: running ";
    public const string PoweringOff = "init: powering off";

    [GeneratedRegex("init: program (exited|ended) ", RegexOptions.CultureInvariant)]
    public static partial Regex Ended { get; }

    [GeneratedRegex("init: program exited with code 0$", RegexOptions.CultureInvariant)]
    public static partial Regex EndedWell { get; }
}
