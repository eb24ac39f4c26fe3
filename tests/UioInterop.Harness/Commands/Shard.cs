using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using UioInterop.Harness.Reports;
using UioInterop.Machines;

namespace UioInterop.Harness.Commands;

/// <summary>One of several equal parts of all tests, each for a machine of its own. Together they are the whole.</summary>
/// <param name="Number">Which one, from 1.</param>
/// <param name="Count">How many there are.</param>
internal sealed record Shard(int Number, int Count)
{
    public static Shard Parse(string text)
    {
        var parts = text.Split('/');
        return parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && number >= 1 && number <= count
            ? new Shard(number, count)
            : throw new MachineException($"--shard {text} is no shard: 2/4 is the second of four.");
    }

    /// <summary>
    /// The tests of this shard. A unit, the tests of one boot for instance, is in one shard. Units whose duration is known are
    /// spread evenly, whichever tests are asked for; others go by a hash of their names.
    /// </summary>
    public IReadOnlyList<string> From(IEnumerable<string> tests, IReadOnlyDictionary<string, double> durations)
    {
        var shards = Spread(durations);
        return [.. tests.Where(test => shards.GetValueOrDefault(TestUnit.Of(test), ByHash(TestUnit.Of(test))) == Number)];
    }

    // The longest first, each to the shard that has least so far.
    private Dictionary<string, int> Spread(IReadOnlyDictionary<string, double> durations)
    {
        var loads = new double[Count];
        var shards = new Dictionary<string, int>();
        foreach (var (unit, seconds) in durations.OrderByDescending(each => each.Value).ThenBy(each => each.Key, StringComparer.Ordinal))
        {
            var least = Array.IndexOf(loads, loads.Min());
            loads[least] += seconds;
            shards[unit] = least + 1;
        }
        return shards;
    }

    private int ByHash(string unit) =>
        (int)(BitConverter.ToUInt32(SHA256.HashData(Encoding.UTF8.GetBytes(unit))) % (uint)Count) + 1;
}
