using UioInterop.GuestProtocol;

namespace UioInterop.Harness.Reports;

/// <summary>One test that has ended.</summary>
/// <param name="Machine">Where it ran: a machine, or the host.</param>
/// <param name="Test">Its full name there.</param>
/// <param name="Result">How it went.</param>
public sealed record TestEntry(string Machine, string Test, ResultRecord Result)
{
    public double Seconds => Result.Milliseconds / 1000;
}
