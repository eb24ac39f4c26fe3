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
        var verdicts = MachinesOf(named).Select(GuestTestName.Verdict).ToHashSet();
        return [.. all.Where(test => named.Contains(test) || (IsAskedFor(test) && verdicts.Contains(test)))];
    }

    public IReadOnlyList<Machine> MachinesOf(IReadOnlyList<string> tests)
    {
        var names = tests.Select(test => GuestTestName.Parse(test)?.Machine).ToHashSet();
        return [.. Machines.Where(machine => names.Contains(machine.Name))];
    }

    private bool HasText(string test) => Text is null || test.Contains(Text, StringComparison.OrdinalIgnoreCase);

    private bool IsAskedFor(string test) => GuestTestName.Parse(test) is { } name
        ? Guest && Machines.Any(machine => machine.Name == name.Machine)
        : Host;
}
