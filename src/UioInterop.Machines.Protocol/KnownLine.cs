using System.Text.RegularExpressions;

namespace UioInterop.Machines.Protocol;

/// <summary>A kernel log line that looks like trouble and is none, and why.</summary>
public sealed record KnownLine(Regex Pattern, string Reason)
{
    /// <summary>A line that a regular expression matches, and why it is no trouble.</summary>
    public KnownLine(string pattern, string reason)
        : this(new Regex(pattern, RegexOptions.CultureInvariant), reason)
    {
    }
}
