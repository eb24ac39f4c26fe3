using UioInterop.Harness.Running;
using UioInterop.Machines;
using UioInterop.Machines.Protocol;
using UioInterop.Machines.Reports;
using UioInterop.Machines.Tool.Commands;

namespace UioInterop.Harness.Commands;

/// <summary>
/// Shows the host's tests. A guest test has been shown while its machine ran, and is no second one when the host's test asks for
/// its result.
/// </summary>
internal static class TestProgress
{
    public static void OnHost(this TestPrinter printer, GuestRecord record)
    {
        if (record is not ResultRecord result)
            return;
        printer.Show(GuestTestName.Parse(result.Test) is { } guest
            ? new TestEntry(guest.Machine, guest.Test, result with { Milliseconds = Besides(guest) })
            : new TestEntry(GuestTestName.Host, result.Test, result));
    }

    // What a run took besides its tests is the verdict's: on the host that test has mostly waited for a machine.
    private static double Besides(GuestTestName name) =>
        name.Test == TestEntry.VerdictOfRun ? MachineRuns.Finished(name.Machine)?.MillisecondsBesideTests ?? 0 : 0;
}
