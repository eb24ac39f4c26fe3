using System.Text.RegularExpressions;

namespace UioInterop.Machines.Protocol;

/// <summary>A kernel log line that looks like trouble and is none, and why.</summary>
public sealed record KnownLine(Regex Pattern, string Reason)
{
    public KnownLine(string pattern, string reason)
        : this(new Regex(pattern, RegexOptions.CultureInvariant), reason)
    {
    }
}
