using NUnit.Framework;
using UioInterop.Harness.Running;
using UioInterop.Machines;

namespace UioInterop.HostTests;

/// <summary>Tests and machines find each other by categories and traits, and a name that nobody else has would go unseen.</summary>
internal sealed class GuestTestMachinesTests
{
    [Test]
    public void Every_guest_test_runs_on_some_machine() =>
        Assert.That(MachineRuns.All.Except(MachineList.All.SelectMany(machine => MachineRuns.On(machine))), Is.Empty);
}
