using System.Globalization;
using System.Text.Json;
using UioInterop.Machines.Host;
using UioInterop.Machines.Reports;

namespace UioInterop.Harness.Reports;

/// <summary>
/// How long units of tests take, in seconds: the committed file, by which shards are balanced and boots are ordered, and
/// those of the last runs, by which a growth is seen.
/// </summary>
internal static class Durations
{
    private const int Kept = 20;
    private const int LeastDigits = 1;

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    private static string CommittedFile => Repository.At("tests", "durations.json");

    private static string Folder => Artifacts.At("durations");

    public static IReadOnlyDictionary<string, double> Committed { get; } = Read(CommittedFile);

    /// <summary>Those of the last run on this machine that had the unit; empty before the first.</summary>
    public static IReadOnlyDictionary<string, double> Last()
    {
        var last = new Dictionary<string, double>();
        foreach (var file in Files())
            foreach (var (unit, seconds) in Read(file))
                last[unit] = seconds;
        return last;
    }

    public static IReadOnlyDictionary<string, double> Of(IEnumerable<TestEntry> entries) => entries
        .GroupBy(TestUnit.Of)
        .ToDictionary(unit => unit.Key, unit => Math.Round(unit.Sum(entry => entry.Seconds), LeastDigits));

    /// <summary>Keeps those of a run, and the runs before it up to some number.</summary>
    public static string Keep(IReadOnlyDictionary<string, double> durations)
    {
        Directory.CreateDirectory(Folder);
        var file = Path.Combine(Folder, DateTime.Now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture) + ".json");
        var ordered = new SortedDictionary<string, double>(durations.ToDictionary(), StringComparer.Ordinal);
        File.WriteAllText(file, JsonSerializer.Serialize(ordered, s_indented) + "\n");
        foreach (var old in Files().SkipLast(Kept))
            File.Delete(old);
        return file;
    }

    private static string[] Files() =>
        Directory.Exists(Folder) ? [.. Directory.GetFiles(Folder, "*.json").Order(StringComparer.Ordinal)] : [];

    private static Dictionary<string, double> Read(string file) =>
        File.Exists(file) ? JsonSerializer.Deserialize<Dictionary<string, double>>(File.ReadAllText(file)) ?? [] : [];
}
