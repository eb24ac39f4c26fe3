using System.Diagnostics;
using UioInterop.GuestTests.Support;
using UioInterop.TestRunner;

namespace UioInterop.GuestTests.Afterwards;

/// <summary>Memory of the kernel's that nobody points to any longer, after all other tests.</summary>
[Category(Needs.Leaks), Last]
internal sealed class LeakTests
{
    // Documentation/dev-tools/kmemleak.rst.
    private const string Detector = "/sys/kernel/debug/kmemleak";
    private const string Report = "unreferenced object";

    // What is younger is not looked at: MSECS_MIN_AGE of mm/kmemleak.c.
    private static readonly TimeSpan s_age = TimeSpan.FromSeconds(5);

    [Test]
    public void Nothing_has_been_leaked()
    {
        _ = Settled.Buffers;
        var settled = Stopwatch.GetTimestamp();
        // An object has to be the same in two scans. A write fails where the detector has given up.
        do
            File.WriteAllText(Detector, "scan");
        while (Stopwatch.GetElapsedTime(settled) < 2 * s_age);
        File.WriteAllText(Detector, "scan");

        var leaked = File.ReadAllText(Detector).Split(Report).Skip(1).Select(report => Report + report);
        Assert.That(leaked, Is.Empty);
    }
}
