namespace UioInterop.Machines.Kernels;

/// <summary>How far a build is. The total is known only for a build from scratch.</summary>
public sealed record BuildProgress(string Stage, int Done = 0, int? Total = null)
{
    /// <summary>A line for a person.</summary>
    public override string ToString() => (Done, Total) switch
    {
        (0, null) => Stage,
        (_, null) => $"{Stage}: {Done} objects",
        _ => $"{Stage}: {Done} of {Total} objects",
    };
}
