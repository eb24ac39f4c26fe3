using UioInterop.Harness.Running;
using UioInterop.Machines;
using UioInterop.Machines.Reports;

namespace UioInterop.Harness.Reports;

/// <summary>What runs together: all tests of one boot of a machine, or all cases of one test of the host's.</summary>
internal static class TestUnit
{
    private const string HostTests = "UioInterop.HostTests.";

    public static string Of(string test) => GuestTestName.Parse(test) is { } guest ? guest.Machine : OfHost(test);

    public static string Of(TestEntry entry) => entry.Machine == GuestTestName.Host ? OfHost(entry.Test) : entry.Machine;

    // A name's arguments are in parentheses, or behind a colon.
    private static string OfHost(string test)
    {
        var name = test.StartsWith(HostTests, StringComparison.Ordinal) ? test[HostTests.Length..] : test;
        var end = name.IndexOf('(', StringComparison.Ordinal) is >= 0 and var parenthesis ? parenthesis : name.Length;
        end = name.IndexOf(": ", StringComparison.Ordinal) is >= 0 and var colon ? Math.Min(end, colon) : end;
        return name[..end];
    }
}
