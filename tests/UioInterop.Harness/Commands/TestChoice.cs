using UioInterop.Harness.Reports;
using UioInterop.Harness.Running;
using UioInterop.Machines;
using UioInterop.Machines.Protocol;
using UioInterop.Machines.Running;

namespace UioInterop.Harness.Commands;

/// <summary>Which of all tests a person asked for.</summary>
internal sealed record TestChoice(IReadOnlyList<Machine> Machines, string? Text, bool Host, bool Guest)
{
    /// <summary>Whether tests of the category "thorough" are left out: they take long, or other kernels than the demo's.</summary>
    public bool IsQuick { get; init; }

    /// <summary>A part of them; null for all.</summary>
    public Shard? Shard { get; init; }

    /// <summary>Which tests of the host there are to choose from. The only category that they have is "thorough".</summary>
    public TestFilter HostFilter => new(IsQuick ? [] : null);

    public IReadOnlyList<string> From(IReadOnlyList<string> all)
    {
        IEnumerable<string> asked = all.Where(IsAskedFor).Where(HasText);
        var named = (Shard?.From(asked, Durations.Committed) ?? asked).ToHashSet();
        // A machine that runs any test gets its verdict too, whatever text was asked for: it is where the kernel's
        // warnings show.
        var verdicts = GuestsOf(named).Select(GuestTestName.Verdict).ToHashSet();
        return [.. all.Where(test => named.Contains(test) || (IsAskedFor(test) && verdicts.Contains(test)))];
    }

    /// <summary>The machines whose guest tests are among these.</summary>
    public IReadOnlyList<Machine> GuestsOf(IEnumerable<string> tests) => MachinesOf(tests.Where(IsGuestTest));

    /// <summary>The machines that these tests boot, the host's own among them.</summary>
    public IReadOnlyList<Machine> MachinesOf(IEnumerable<string> tests)
    {
        var names = tests.Select(MachineOf).ToHashSet();
        return [.. Machines.Where(machine => names.Contains(machine.Name))];
    }

    // The guest is told the same text, and knows nothing of its machine's name.
    private bool HasText(string test) =>
        Text is null || (GuestTestName.Parse(test)?.Test ?? test).Contains(Text, StringComparison.OrdinalIgnoreCase);

    private bool IsAskedFor(string test) => (IsGuestTest(test) ? Guest : Host)
        && (MachineOf(test) is not { } name || Machines.Any(machine => machine.Name == name));

    private static bool IsGuestTest(string test) => GuestTestName.Parse(test) is not null;

    // A test of the host's that boots a machine for itself begins with the machine's name and a comma.
    private static string? MachineOf(string test) => GuestTestName.Parse(test)?.Machine
        ?? MachineList.All.FirstOrDefault(machine => test.Contains($".{machine.Name}, ", StringComparison.Ordinal))?.Name;
}
