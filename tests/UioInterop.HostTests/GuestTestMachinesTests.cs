using System.Reflection;
using NUnit.Framework;
using UioInterop.Harness.Guests;
using UioInterop.Harness.Running;
using UioInterop.Machines;
using UioInterop.TestRunner;

namespace UioInterop.HostTests;

/// <summary>Tests and machines find each other by categories and traits, and a name that nobody else has would go unseen.</summary>
internal sealed class GuestTestMachinesTests
{
    [Test]
    public void Every_guest_test_runs_on_some_machine() =>
        Assert.That(MachineRuns.All.Except(MachineList.All.SelectMany(machine => MachineRuns.On(machine))), Is.Empty);

    [Test]
    public void What_looks_back_at_all_tests_comes_last_in_any_order()
    {
        var folder = Path.GetDirectoryName(typeof(GuestTestMachinesTests).Assembly.Location)!;
        var tests = new TestAssembly(Assembly.LoadFrom(Path.Combine(folder, $"{GuestPrograms.Tests.Name}.dll")));
        var filter = MachineList.X64Kmemleak.FilterFor();
        for (var seed = 0; seed < 20; seed++)
        {
            Assert.That(tests.List(filter)[^1], Does.Contain("LeakTests"));
            tests.Shuffle(seed);
        }
    }
}
