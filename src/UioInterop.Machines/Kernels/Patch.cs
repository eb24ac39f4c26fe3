using System.Text.RegularExpressions;
using UioInterop.Machines.Host;

namespace UioInterop.Machines.Kernels;

/// <summary>One patch of the series.</summary>
internal sealed partial record Patch(string Name, string Text)
{
    private static readonly string[] s_code = ["drivers/", "include/"];

    /// <summary>Both series in their order; empty when there are none yet.</summary>
    public static IReadOnlyList<Patch> Series() => AllIn(Content.At("kernel-patch", $"linux-{KernelSource.DefaultRelease}"));

    /// <summary>The first of the two: it ends with tests of its own.</summary>
    public static IReadOnlyList<Patch> FirstSeries() =>
        [.. Series().TakeWhile(patch => !patch.IsSelftests), Series().First(patch => patch.IsSelftests)];

    /// <summary>What a variant's release lacks, the series, and what the variant has beyond it.</summary>
    public static IReadOnlyList<Patch> For(KernelVariant variant) =>
    [
        .. !variant.HasSeries ? [] : variant.HasFirstSeriesAlone ? FirstSeries()
            : variant.Release == KernelSource.DefaultRelease ? Series() : Backport(variant.Release),
        .. variant.Patches is { } patches ? At(Content.At("tests", "kernel", patches)) : [],
    ];

    // A patch of the release comes first, or in place of the one of that name. The kernel's tests are not part of it: those of
    // a new kernel are for old ones, too.
    private static IEnumerable<Patch> Backport(string release)
    {
        var own = AllIn(Content.At("kernel-patch", $"linux-{release}"))
            .ToLookup(patch => patch.Name.StartsWith("0000-", StringComparison.Ordinal));
        var all = own[true].Concat(
            from patch in Series()
            where !patch.IsSelftests
            select own[false].FirstOrDefault(other => other.Subject == patch.Subject) ?? patch);
        // The documents and lists that it changes have moved on.
        return Version.Parse(release) > Version.Parse(KernelSource.DefaultRelease) ? all.Select(CodeOf).OfType<Patch>() : all;
    }

    private bool IsSelftests => Paths.Any(path => path.StartsWith("tools/testing/", StringComparison.Ordinal));

    private string Subject => Name[(Name.IndexOf('-', StringComparison.Ordinal) + 1)..];

    private static Patch? CodeOf(Patch patch)
    {
        const string File = "\ndiff --git ";
        var parts = patch.Text.TrimEnd('\n').Split(File);
        var code = parts.Skip(1).Where(part => s_code.Any(folder => part.StartsWith($"a/{folder}", StringComparison.Ordinal))).ToArray();
        return code.Length == 0 ? null : patch with { Text = string.Join(File, code.Prepend(parts[0])) + '\n' };
    }

    /// <summary>The files it touches, relative to the tree: those it takes away as well as those it makes.</summary>
    public IReadOnlyList<string> Paths =>
        [.. Header().Matches(Text).SelectMany(match => new[] { match.Groups[1].Value, match.Groups[2].Value }).Distinct()];

    /// <summary>The options that it adds to the kernel's configuration.</summary>
    public IReadOnlyList<string> Options => [.. NewOption().Matches(Text).Select(match => match.Groups[1].Value)];

    /// <summary>Whether a kernel with it is configured in another way.</summary>
    internal bool ChangesConfiguration => Paths.Any(path => Path.GetFileName(path) == "Kconfig");

    internal static IReadOnlyList<Patch> AllIn(string directory) => Directory.Exists(directory)
        ? [.. Directory.GetFiles(directory, "*.patch").Order(StringComparer.Ordinal).Select(Read)]
        : [];

    private static IReadOnlyList<Patch> At(string path) => File.Exists(path) ? [Read(path)] : AllIn(path);

    private static Patch Read(string path) => new(Path.GetFileName(path), File.ReadAllText(path));

    [GeneratedRegex("^diff --git a/(\\S+) b/(\\S+)$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Header();

    [GeneratedRegex(@"^\+config (\w+)$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex NewOption();
}
