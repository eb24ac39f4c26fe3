using System.Reflection;
using NUnit;
using NUnit.Framework.Api;
using NUnit.Framework.Interfaces;
using UioInterop.Machines.Protocol;

namespace UioInterop.TestRunner;

/// <summary>
/// An assembly of NUnit tests, listed and run by NUnit's own in-process runner. The guest and the host use the same
/// one: what the host expects to run and what the guest runs come from the same code.
/// </summary>
public sealed class TestAssembly
{
    private readonly NUnitTestAssemblyRunner _runner = new(new DefaultTestAssemblyBuilder());

    /// <param name="assembly">The tests.</param>
    /// <param name="workers">
    /// How many fixtures run side by side, of those that allow it. 0: tests that share one device and one kernel log must not
    /// overlap.
    /// </param>
    public TestAssembly(Assembly assembly, int workers = 0)
    {
        var settings = new Dictionary<string, object>
        {
            [FrameworkPackageSettings.NumberOfTestWorkers] = workers,
            [FrameworkPackageSettings.SynchronousEvents] = true,
            [FrameworkPackageSettings.WorkDirectory] = Path.GetTempPath(),
        };
        var root = _runner.Load(assembly, settings);
        if (root.RunState == RunState.NotRunnable)
            throw new InvalidOperationException(
                $"NUnit cannot load {assembly.FullName}: {root.Properties.Get("_SKIPREASON")}");
        MoveToTheEnd(root);
    }

    /// <summary>The full names of all tests, in the order in which they run.</summary>
    public IReadOnlyList<string> All => [.. Leaves.Select(test => test.FullName)];

    /// <summary>The full names of the tests that the filter lets through, in that order.</summary>
    public IReadOnlyList<string> List(TestFilter filter) =>
        [.. Leaves.Where(test => filter.Includes(test.FullName, [.. Categories(test)])).Select(test => test.FullName)];

    /// <summary>Runs these tests one after the other; each record is handed on when it happens.</summary>
    public EndRecord Run(string machine, IReadOnlyList<string> tests, Action<GuestRecord> emit)
    {
        emit(new StartRecord(machine, tests));
        var listener = new RecordingListener(emit);
        using (Announcements.SentTo(emit))
            _runner.Run(listener, new ChosenTests(tests));
        emit(listener.End);
        return listener.End;
    }

    /// <summary>Ends a run: what has not begun does not begin.</summary>
    public void Stop() => _runner.StopRun();

    /// <summary>Puts the fixtures, and the tests within each, into an order that the seed decides.</summary>
    public void Shuffle(int seed)
    {
        Shuffle(_runner.LoadedTest!, new Random(seed));
        MoveToTheEnd(_runner.LoadedTest!);
    }

    private static void Shuffle(ITest test, Random random)
    {
        if (!test.IsSuite)
            return;
        var tests = test.Tests.ToArray();
        random.Shuffle(tests);
        Arrange(test, tests);
        foreach (var each in tests)
            Shuffle(each, random);
    }

    private static void MoveToTheEnd(ITest test)
    {
        if (!LeavesOf(test).Any(IsLast))
            return;
        Arrange(test, [.. test.Tests.OrderBy(each => LeavesOf(each).Any(IsLast))]);
        foreach (var each in test.Tests)
            MoveToTheEnd(each);
    }

    private static bool IsLast(ITest test) => SelfAndParents(test).Any(each => each.Properties.ContainsKey(LastAttribute.Property));

    private static void Arrange(ITest suite, ITest[] tests)
    {
        for (var i = 0; i < tests.Length; i++)
            suite.Tests[i] = tests[i];
    }

    private IEnumerable<ITest> Leaves => LeavesOf(_runner.LoadedTest!).Where(test => !IsExplicit(test));

    private static IEnumerable<ITest> LeavesOf(ITest test) =>
        test.IsSuite ? test.Tests.SelectMany(LeavesOf) : [test];

    private static IEnumerable<ITest> SelfAndParents(ITest? test)
    {
        for (; test is not null; test = test.Parent)
            yield return test;
    }

    private static bool IsExplicit(ITest test) =>
        SelfAndParents(test).Any(each => each.RunState == RunState.Explicit);

    private static IEnumerable<string> Categories(ITest test) =>
        SelfAndParents(test).SelectMany(each => each.Properties["Category"].OfType<string>());
}
