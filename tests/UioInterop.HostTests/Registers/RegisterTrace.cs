using System.Globalization;
using System.Text.RegularExpressions;
using UioInterop.RegisterProbe;

namespace UioInterop.HostTests.Registers;

/// <summary>
/// QEMU's log of accesses to a device's registers: trace events memory_region_ops_*, which it writes for each access
/// of the CPU as the device gets it, and for those that the device does not accept a line of -d guest_errors.
/// </summary>
internal sealed partial class RegisterTrace
{
    // BARs lie at multiples of their size: the rest is the offset.
    private static readonly Dictionary<string, ulong> s_sizes = new() { [Region.Edu] = 1 << 20, [Region.SdHost] = 1 << 8 };

    private readonly Dictionary<int, List<string>> _cases = [];

    public static IEnumerable<string> QemuArguments(string file) =>
        ["-d", "guest_errors,trace:memory_region_ops_read,trace:memory_region_ops_write", "-D", file];

    public static RegisterTrace Parse(IEnumerable<string> lines)
    {
        var trace = new RegisterTrace();
        List<string>? current = null;
        foreach (var line in lines)
        {
            if (Line().Match(line) is not { Success: true } match)
                continue;
            var region = match.Groups["region"].Value;
            if (!s_sizes.TryGetValue(region, out var size))
                continue;
            var access = new Access(
                match.Groups["kind"].ValueSpan is "write", (int)(Hex(match.Groups["address"]) & (size - 1)),
                int.Parse(match.Groups["width"].ValueSpan, CultureInfo.InvariantCulture));
            if (region != Region.Edu || access != Marker.Write)
                current?.Add(Describe(region, access));
            else if (Hex(match.Groups["value"]) is var mark and not Marker.End)
                trace._cases.Add((int)mark, current = []);
            else
                current = null;
        }
        return trace;
    }

    public static string Describe(string region, Access access) => $"{region} {access}";

    /// <summary>What a case did, in order; null when it did not run.</summary>
    public IReadOnlyList<string>? Of(int index) => _cases.GetValueOrDefault(index);

    private static ulong Hex(Group group) => ulong.Parse(group.ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"^memory_region_ops_(?<kind>read|write) .* addr 0x(?<address>[0-9a-f]+) value 0x(?<value>[0-9a-f]+) "
        + @"size (?<width>\d+) name '(?<region>[^']*)'"
        + @"|^Invalid (?<kind>read|write) at addr 0x(?<address>[0-9A-F]+), size (?<width>\d+), region '(?<region>[^']*)'",
        RegexOptions.CultureInvariant)]
    private static partial Regex Line();
}
