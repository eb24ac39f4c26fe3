using UioInterop.Machines.Kernels;

namespace UioInterop.Machines;

/// <summary>One configuration of the kernel: the common fragments, and what this variant adds.</summary>
public sealed record KernelVariant(string Name, Architecture Architecture)
{
    /// <summary>Debian's kernel source that it is made of.</summary>
    public string Release { get; init; } = KernelSource.DefaultRelease;

    /// <summary>
    /// The flavour of Debian's own kernel of this release (amd64), taken as it is but for its uio.ko; null for one that is
    /// built here.
    /// </summary>
    public string? Distribution { get; init; }

    /// <summary>Lines in the form of .config, read after the common ones.</summary>
    public IReadOnlyList<string> Configuration { get; init; } = [];

    /// <summary>Whether it carries the series; otherwise it is what everybody has.</summary>
    public bool HasSeries { get; init; } = true;

    /// <summary>Whether of the two series it carries the first alone.</summary>
    public bool HasFirstSeriesAlone { get; init; }

    /// <summary>Patches of this variant alone, after the series: a folder or a file below tests/kernel.</summary>
    public string? Patches { get; init; }

    /// <summary>Compiled in a folder of its own: next to none of its objects is like another variant's.</summary>
    public bool HasOwnObjects { get; init; }

    /// <summary>Modules the guest loads at boot; what they depend on is loaded before them.</summary>
    public IReadOnlyList<string> Modules { get; init; } = [];

    /// <summary>Parameters of modules, by their names: as modprobe takes them.</summary>
    public IReadOnlyDictionary<string, string> ModuleParameters { get; init; } = new Dictionary<string, string>();

    /// <summary>Its name with the architecture, and the release where that is not the default one.</summary>
    public override string ToString() =>
        Release == KernelSource.DefaultRelease ? $"{Architecture} ({Name})" : $"{Architecture} {Release} ({Name})";
}
