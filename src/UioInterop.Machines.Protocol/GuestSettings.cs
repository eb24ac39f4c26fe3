using System.Globalization;

namespace UioInterop.Machines.Protocol;

/// <summary>What the host tells the guest, on the kernel's command line.</summary>
/// <param name="Machine">The machine's name.</param>
/// <param name="Filter">Which tests run.</param>
/// <param name="ResultPort">The port for the results, as /dev/ttyS1; null for none.</param>
/// <param name="Device">The device whose UIO driver the tests drive.</param>
/// <param name="Seed">The seed of the order in which the tests run; null for the order they are written in.</param>
public sealed record GuestSettings(string Machine, TestFilter Filter, string? ResultPort, UioParent? Device, int? Seed = null)
{
    private const string MachineKey = "uio.machine";
    private const string TraitsKey = "uio.traits";
    private const string TestKey = "uio.test";
    private const string OnlyKey = "uio.only";
    private const string ResultsKey = "uio.results";
    private const string DeviceKey = "uio.device";
    private const string SeedKey = "uio.seed";

    /// <summary>Those of the kernel that this runs on.</summary>
    public static GuestSettings FromKernel() => Parse(File.ReadAllText("/proc/cmdline"));

    /// <summary>Those of a kernel's command line.</summary>
    public static GuestSettings Parse(string commandLine)
    {
        var values = commandLine
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(word => word.Split('=', 2))
            .Where(pair => pair.Length == 2)
            .GroupBy(pair => pair[0])
            .ToDictionary(group => group.Key, group => group.Last()[1]);
        var traits = values.GetValueOrDefault(TraitsKey)?.Split(',', StringSplitOptions.RemoveEmptyEntries);
        var text = values.GetValueOrDefault(TestKey);
        return new GuestSettings(
            values.GetValueOrDefault(MachineKey, "unknown"),
            new TestFilter(traits, text is null ? null : Uri.UnescapeDataString(text), values.GetValueOrDefault(OnlyKey)),
            values.GetValueOrDefault(ResultsKey),
            values.GetValueOrDefault(DeviceKey) is { } device ? UioParent.Parse(device) : null,
            values.GetValueOrDefault(SeedKey) is { } seed ? int.Parse(seed, CultureInfo.InvariantCulture) : null);
    }

    /// <summary>What the kernel's command line has of them.</summary>
    public IEnumerable<string> ToKernelArguments()
    {
        yield return $"{MachineKey}={Machine}";
        if (Filter.Traits is not null)
            yield return $"{TraitsKey}={string.Join(',', Filter.Traits)}";
        if (Filter.Text is not null)
            yield return $"{TestKey}={Uri.EscapeDataString(Filter.Text)}";
        if (Filter.Only is not null)
            yield return $"{OnlyKey}={Filter.Only}";
        if (ResultPort is not null)
            yield return $"{ResultsKey}={ResultPort}";
        if (Device is not null)
            yield return $"{DeviceKey}={Device}";
        if (Seed is { } seed)
            yield return string.Create(CultureInfo.InvariantCulture, $"{SeedKey}={seed}");
    }
}
