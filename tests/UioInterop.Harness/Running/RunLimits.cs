namespace UioInterop.Harness.Running;

/// <summary>How long to wait for a machine: for any sign of life, and for all of it.</summary>
public sealed record RunLimits(TimeSpan Silence, TimeSpan Total)
{
    public static RunLimits Default { get; } = new(TimeSpan.FromSeconds(60), TimeSpan.FromMinutes(10));
}
