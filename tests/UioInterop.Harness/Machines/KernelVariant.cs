namespace UioInterop.Harness.Machines;

/// <summary>One configuration of the kernel: the common fragments, and what this variant adds.</summary>
public sealed record KernelVariant(string Name, Architecture Architecture)
{
    /// <summary>Lines in the form of .config, read after the common ones.</summary>
    public IReadOnlyList<string> Configuration { get; init; } = [];

    /// <summary>Patches of this variant alone, after the series: a folder below tests/kernel.</summary>
    public string? Patches { get; init; }

    /// <summary>Modules the guest loads at boot; what they depend on is loaded before them.</summary>
    public IReadOnlyList<string> Modules { get; init; } = [];

    public override string ToString() => $"{Architecture} ({Name})";
}
