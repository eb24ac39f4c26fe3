using System.Globalization;

namespace UioInterop.Machines.Running;

/// <summary>How long to wait for a machine. Of the first two, only time counts in which it has a processor or wants none.</summary>
/// <param name="Silence">For any sign of life.</param>
/// <param name="Total">For all of it.</param>
/// <param name="Longest">For all of it by the clock, however busy the host is.</param>
public sealed record RunLimits(TimeSpan Silence, TimeSpan Total, TimeSpan Longest)
{
    /// <summary>For tests of this repository.</summary>
    public static RunLimits Default { get; } = new(TimeSpan.FromSeconds(60), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(40));

    /// <summary>For somebody's own tests, whose lengths nobody knows here.</summary>
    public static RunLimits UserTests { get; } = new(TimeSpan.FromMinutes(5), TimeSpan.FromHours(2), TimeSpan.FromHours(4));

    internal static string Text(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#} s");
}
