using System.Text.RegularExpressions;

namespace UioInterop.Machines.Protocol;

/// <summary>Words of the kernel log that mean trouble at any level. Host and guest look for the same ones.</summary>
public static partial class TroubleWords
{
    /// <summary>Whether a line has one of them.</summary>
    public static bool In(string text) => Words().IsMatch(text);

    // The last one is a transaction that an SMMU refused, which its driver reports at level "info".
    [GeneratedRegex(
        @"\bWARNING:|\bBUG:|\bOops\b|^DMA-API: |^INFO: task .* blocked|possible circular locking|"
        + "possible recursive locking|inconsistent lock state|suspicious RCU usage|general protection fault|"
        + @"Unable to handle kernel|soft lockup|detected stall|-+\[ cut here ]|^arm-smmu-v3 \S+: event 0x",
        RegexOptions.CultureInvariant)]
    private static partial Regex Words();
}
