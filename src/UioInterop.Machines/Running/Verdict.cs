namespace UioInterop.Machines.Running;

/// <summary>What a run came to, the lightest first.</summary>
public enum Outcome
{
    /// <summary>Nothing was wrong.</summary>
    Passed,
    /// <summary>A test failed, or the program ended with an error.</summary>
    Failed,
    /// <summary>The kernel's log has a warning that nobody announced.</summary>
    KernelWarning,
    /// <summary>The kernel panicked.</summary>
    Panic,
    /// <summary>No sign of life for too long, or it took too long altogether.</summary>
    Hang,
    /// <summary>QEMU ended by itself.</summary>
    QemuDied,
    /// <summary>The program never said anything.</summary>
    NeverRan,
}

/// <summary>What one run came to, in one sentence, with the line that decided it.</summary>
public sealed record Verdict(Outcome Outcome, string Reason, string? Line = null)
{
    /// <summary>What else was wrong, in the order of its weight.</summary>
    public IReadOnlyList<string> Besides { get; init; } = [];

    /// <summary>Whether nothing was wrong.</summary>
    public bool IsGood => Outcome == Outcome.Passed;

    /// <summary>The heaviest finding decides; the others are kept.</summary>
    public static Verdict Of(Evidence evidence)
    {
        var findings = Findings.In(evidence).ToArray();
        if (findings.Length == 0)
            return new Verdict(Outcome.Passed, "It ran to its end and nothing was wrong.");
        return findings[0] with { Besides = [.. findings.Skip(1).Select(other => other.ToString())] };
    }

    /// <summary>The outcome, the reason, and the line that decided.</summary>
    public override string ToString() => Line is null ? $"{Outcome}: {Reason}" : $"{Outcome}: {Reason}\n    {Line}";
}
