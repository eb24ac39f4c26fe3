using NUnit.Framework;
using UioInterop.Harness.Commands;
using UioInterop.Harness.Reports;
using UioInterop.Harness.Running;
using UioInterop.Machines;
using UioInterop.TestRunner;

namespace UioInterop.HostTests.Reports;

internal sealed class ShardTests
{
    private static readonly string[] s_tests = [.. new TestAssembly(typeof(ShardTests).Assembly).List(new())];

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(4)]
    [TestCase(7)]
    public void Together_the_shards_are_the_whole(int count)
    {
        var shards = Enumerable.Range(1, count).Select(number => new Shard(number, count).From(s_tests, Durations.Committed)).ToArray();

        Assert.That(shards.SelectMany(shard => shard), Is.EquivalentTo(s_tests));
        Assert.That(shards, Has.None.Empty);
    }

    // A machine boots in one of them.
    [Test]
    public void The_tests_of_a_machine_stay_together()
    {
        var shards = Enumerable.Range(1, 4).Select(number => Machines(new Shard(number, 4).From(s_tests, Durations.Committed))).ToArray();

        Assert.That(shards.SelectMany(machines => machines), Is.Unique);
    }

    [Test]
    public void A_test_stays_in_its_shard_whatever_else_is_asked_for()
    {
        var shard = new Shard(2, 4);
        var all = shard.From(s_tests, Durations.Committed);

        Assert.That(shard.From(s_tests.Where((_, index) => index % 3 == 0), Durations.Committed), Is.SubsetOf(all));
    }

    [Test]
    public void Known_durations_are_spread_evenly()
    {
        var durations = Enumerable.Range(1, 40).ToDictionary(number => $"unit{number}", number => (double)number);

        var loads = Enumerable.Range(1, 4).Select(number =>
            new Shard(number, 4).From(durations.Keys, durations).Sum(unit => durations[unit]));

        Assert.That(loads, Is.All.InRange(200, 210));
    }

    [Test]
    public void A_test_without_a_duration_has_a_shard()
    {
        var known = new Dictionary<string, double>();

        Assert.That(Enumerable.Range(1, 3).Count(number => new Shard(number, 3).From(["A.New"], known).Count == 1), Is.EqualTo(1));
    }

    [TestCase("0/4")]
    [TestCase("5/4")]
    [TestCase("2")]
    [TestCase("2/x")]
    [TestCase("-1/4")]
    [TestCase("1/2/3")]
    [TestCase("")]
    public void What_is_no_shard_is_refused(string text) =>
        Assert.That(() => Shard.Parse(text), Throws.InstanceOf<MachineException>().With.Message.Contains("2/4 is the second of four"));

    private static IEnumerable<string> Machines(IEnumerable<string> tests) =>
        tests.Select(test => GuestTestName.Parse(test)?.Machine).OfType<string>().Distinct();
}
