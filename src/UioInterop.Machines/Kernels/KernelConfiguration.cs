using System.Text.RegularExpressions;
using UioInterop.Machines.Host;

namespace UioInterop.Machines.Kernels;

/// <summary>What a kernel is asked to be configured as, on top of tinyconfig.</summary>
internal static partial class KernelConfiguration
{
    /// <summary>
    /// The common fragment, the architecture's, what the patches add, all of it, the variant's own lines: later ones win.
    /// </summary>
    public static string For(KernelVariant variant, IEnumerable<Patch> patches) => string.Join('\n',
    [
        File.ReadAllText(Content.At("tests", "kernel", "common.config")),
        File.ReadAllText(Content.At("tests", "kernel", $"{variant.Architecture.Name}.config")),
        .. patches.SelectMany(patch => patch.Options).Select(option => $"CONFIG_{option}=y"),
        .. variant.Configuration,
        "",
    ]);

    /// <summary>
    /// What was asked for and did not come: kconfig drops, without a word, symbols whose dependencies are missing.
    /// </summary>
    public static IReadOnlyList<string> Lost(string asked, string got)
    {
        var result = Symbols(got);
        return
        [
            .. Symbols(asked)
                .Where(symbol => result.GetValueOrDefault(symbol.Key, "n") != symbol.Value)
                .Select(symbol => $"{symbol.Key}={symbol.Value}, but it is {result.GetValueOrDefault(symbol.Key, "n")}"),
        ];
    }

    /// <summary>"# CONFIG_X is not set" reads as n, as kconfig means it.</summary>
    private static Dictionary<string, string> Symbols(string text)
    {
        var symbols = new Dictionary<string, string>();
        foreach (Match match in Line().Matches(text))
            symbols[match.Groups["name"].Value] = match.Groups["value"] is { Success: true } value ? value.Value : "n";
        return symbols;
    }

    [GeneratedRegex(@"^(?:(?<name>CONFIG_\w+)=(?<value>.*?)|# (?<name>CONFIG_\w+) is not set)\s*$",
        RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Line();
}
