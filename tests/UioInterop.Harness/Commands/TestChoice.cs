using UioInterop.Harness.Machines;
using UioInterop.Harness.Running;

namespace UioInterop.Harness.Commands;

/// <summary>Which of all tests a person asked for.</summary>
public sealed record TestChoice(IReadOnlyList<Machine> Machines, string? Text, bool Host, bool Guest)
{
    public IReadOnlyList<string> From(IReadOnlyList<string> all)
    {
        var named = all.Where(IsAskedFor).Where(HasText).ToArray();
        // A machine that runs any test gets its verdict too, whatever text was asked for: it is where the kernel's
        // warnings show.
        var verdicts = MachinesOf(named.Where(IsGuestTest)).Select(GuestTestName.Verdict).ToHashSet();
        return [.. all.Where(test => named.Contains(test) || (IsAskedFor(test) && verdicts.Contains(test)))];
    }

    /// <summary>The machines that these tests boot.</summary>
    public IReadOnlyList<Machine> MachinesOf(IEnumerable<string> tests)
    {
        var names = tests.Select(MachineOf).ToHashSet();
        return [.. Machines.Where(machine => names.Contains(machine.Name))];
    }

    private bool HasText(string test) => Text is null || test.Contains(Text, StringComparison.OrdinalIgnoreCase);

    private bool IsAskedFor(string test) => (IsGuestTest(test) ? Guest : Host)
        && (MachineOf(test) is not { } name || Machines.Any(machine => machine.Name == name));

    private static bool IsGuestTest(string test) => GuestTestName.Parse(test) is not null;

    // A test of the host's that boots a machine for itself begins with the machine's name and a comma.
    private static string? MachineOf(string test) => GuestTestName.Parse(test)?.Machine
        ?? MachineList.All.FirstOrDefault(machine => test.Contains($".{machine.Name}, ", StringComparison.Ordinal))?.Name;
}
