using UioInterop.Machines.Host;
using UioInterop.Machines.Kernels;

namespace UioInterop.Harness.Checks;

/// <summary>
/// Checks that passed, by the fingerprint of all that went into them. A check whose inputs are the same is not made again:
/// it cannot end otherwise. What boots a machine is no such check.
/// </summary>
internal static class PassedChecks
{
    /// <summary>What a test says that was not made again.</summary>
    public const string AsBefore = "passed, as before";

    /// <summary>Whether all checks are made again, whatever is known.</summary>
    public static bool Ignored { get; set; }

    public static bool Contain(string fingerprint) => !Ignored && File.Exists(PathOf(fingerprint));

    /// <param name="fingerprint">Of all inputs.</param>
    /// <param name="name">Whose it is, for a person who looks into the folder.</param>
    public static void Add(string fingerprint, string name)
    {
        Directory.CreateDirectory(Cache.At("checks"));
        File.WriteAllText(PathOf(fingerprint), name + "\n");
    }

    private static string PathOf(string fingerprint) => Cache.At("checks", fingerprint);
}
