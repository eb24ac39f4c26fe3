using UioInterop.Machines;
using UioInterop.Machines.Reports;
using UioInterop.Machines.Running;

namespace UioInterop.Harness.Running;

/// <summary>How a guest test is called on the host: "…OnMachines.x86-64: Namespace.Class.Method".</summary>
internal sealed record GuestTestName(string Machine, string Test)
{
    public const string Host = "host";

    private const string Fixture = "UioInterop.HostTests.OnMachines.";
    private const string Separator = ": ";

    /// <summary>The name NUnit is given.</summary>
    public string OnHost => Machine + Separator + Test;

    public static string Verdict(Machine machine) => Fixture + new GuestTestName(machine.Name, TestEntry.VerdictOfRun).OnHost;

    /// <summary>Null when it is a test of the host's own.</summary>
    public static GuestTestName? Parse(string fullName)
    {
        if (!fullName.StartsWith(Fixture, StringComparison.Ordinal))
            return null;
        var parts = fullName[Fixture.Length..].Split(Separator, 2);
        return parts.Length == 2 ? new GuestTestName(parts[0], parts[1]) : null;
    }
}
