namespace UioInterop.RegisterProbe;

/// <summary>Code that accesses registers, and exactly the accesses that the device is to see, in their order.</summary>
public sealed record ProbeCase
{
    internal ProbeCase(string name, string region, Action<Devices> run, IReadOnlyList<Access> expected)
    {
        Name = name;
        Region = region;
        Run = run;
        Expected = expected;
    }

    public string Name { get; }

    /// <summary>Whose registers.</summary>
    public string Region { get; }

    public IReadOnlyList<Access> Expected { get; }

    internal Action<Devices> Run { get; }

    public override string ToString() => Name;
}
