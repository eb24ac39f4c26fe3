namespace UioInterop.Machines.Running;

public enum Outcome
{
    Passed,
    Failed,
    KernelWarning,
    Panic,
    Hang,
    QemuDied,
    NeverRan,
}

/// <summary>What one run came to, in one sentence, with the line that decided it.</summary>
public sealed record Verdict(Outcome Outcome, string Reason, string? Line = null)
{
    /// <summary>What else was wrong, in the order of its weight.</summary>
    public IReadOnlyList<string> Besides { get; init; } = [];

    public bool IsGood => Outcome == Outcome.Passed;

    /// <summary>The heaviest finding decides; the others are kept.</summary>
    public static Verdict Of(Evidence evidence)
    {
        var findings = Findings.In(evidence).ToArray();
        if (findings.Length == 0)
            return new Verdict(Outcome.Passed, "It ran to its end and nothing was wrong.");
        return findings[0] with { Besides = [.. findings.Skip(1).Select(other => other.ToString())] };
    }

    public override string ToString() => Line is null ? $"{Outcome}: {Reason}" : $"{Outcome}: {Reason}\n    {Line}";
}
