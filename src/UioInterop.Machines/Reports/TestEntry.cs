using UioInterop.Machines.Protocol;

namespace UioInterop.Machines.Reports;

/// <summary>One test that has ended.</summary>
/// <param name="Machine">Where it ran: a machine, or the host.</param>
/// <param name="Test">Its full name there.</param>
/// <param name="Result">How it went.</param>
internal sealed record TestEntry(string Machine, string Test, ResultRecord Result)
{
    /// <summary>The name of what went wrong, or did not, beside a machine's tests.</summary>
    public const string VerdictOfRun = "verdict of the run";

    public double Seconds => Result.Milliseconds / 1000;
}
