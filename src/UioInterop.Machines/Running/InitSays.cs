using System.Globalization;
using System.Text.RegularExpressions;

namespace UioInterop.Machines.Running;

/// <summary>The words of tests/init/init.c that a verdict depends on.</summary>
internal static partial class InitSays
{
    public const string Running = "init: running ";
    public const string PoweringOff = "init: powering off";

    [GeneratedRegex("init: program (exited|ended) ", RegexOptions.CultureInvariant)]
    public static partial Regex Ended { get; }

    [GeneratedRegex(@"init: program (?:exited with code (?<code>\d+)|ended by signal (?<signal>\d+))", RegexOptions.CultureInvariant)]
    private static partial Regex Status { get; }

    /// <summary>How the program ended, as a shell says it: 128 and the number of a signal; null when nobody said.</summary>
    public static int? ExitCode(IEnumerable<string> console) =>
        console.Select(line => Status.Match(line)).FirstOrDefault(match => match.Success) is not { } status ? null
        : status.Groups["code"] is { Success: true } code ? int.Parse(code.ValueSpan, CultureInfo.InvariantCulture)
        : 128 + int.Parse(status.Groups["signal"].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex("init: program exited with code 0$", RegexOptions.CultureInvariant)]
    public static partial Regex EndedWell { get; }
}
