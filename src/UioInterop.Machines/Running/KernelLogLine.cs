using System.Globalization;
using System.Text.RegularExpressions;
using UioInterop.Machines.Protocol;

namespace UioInterop.Machines.Running;

/// <summary>
/// A console line as console_msg_format=syslog prints it: "&lt;N&gt;[time] text", N being facility and level. A line
/// without that prefix came from something that is not the kernel's log, and counts as the kernel's word too.
/// </summary>
internal sealed partial record KernelLogLine(int Facility, int? Level, string Text)
{
    private const int WarningLevel = 4;

    public static KernelLogLine Parse(string line)
    {
        var match = Prefix().Match(line);
        var number = match.Groups["number"];
        var priority = number.Success ? int.Parse(number.Value, CultureInfo.InvariantCulture) : (int?)null;
        return new KernelLogLine(priority >> 3 ?? 0, priority & 7, line[match.Length..].TrimEnd());
    }

    /// <summary>Facility 0 is the kernel; what programs write to /dev/kmsg gets another.</summary>
    public bool IsFromKernel => Facility == 0;

    public bool IsPanic => IsFromKernel && Text.StartsWith("Kernel panic - not syncing", StringComparison.Ordinal);

    /// <summary>At level "warning" or worse, or in words that mean trouble at any level.</summary>
    public bool IsTrouble => IsFromKernel && Text.Length > 0 && (Level <= WarningLevel || TroubleWords.In(Text));

    [GeneratedRegex(@"^(?:<(?<number>\d{1,3})>)?(?:\[ *\d+\.\d+\] ?)?", RegexOptions.CultureInvariant)]
    private static partial Regex Prefix();
}
