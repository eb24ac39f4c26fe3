using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using UioInterop.GuestTests.Support;
using UioInterop.TestRunner;

namespace UioInterop.GuestTests.Abi;

/// <summary>
/// What a mapping costs beside 10,000 others. On this machine time follows executed instructions, so a quotient of
/// times is one of instructions.
/// </summary>
[Category(Needs.Icount)]
internal sealed class ScaleTests : AbiTest
{
    private const int Many = 10_000;
    private const int Samples = 64;
    private const int Batches = 20;

    // The slack is for deeper trees. A list of 10,000 costs as much again as all the rest, lockdep included.
    private const double Slack = 1.25;

    [Test]
    public void Map_and_unmap_cost_the_same_beside_10000_mappings()
    {
        var buffers = Enumerable.Range(0, Many).Select(_ => Buffer()).ToArray();
        try
        {
            Assert.That(buffers.Take(Samples).Select(buffer => RawUio.Map(Uio, buffer)), Is.All.Zero);
            var few = UnmapAndMap(buffers.AsSpan(0, Samples));
            Assert.That(buffers.Skip(Samples).Select(buffer => RawUio.Map(Uio, buffer)), Is.All.Zero);
            var many = UnmapAndMap(buffers.AsSpan(0, Samples));

            var closing = Stopwatch.StartNew();
            Uio.Dispose();
            var release = closing.Elapsed / Many;

            Announcements.Say($"unmap + map: {few.TotalMicroseconds:F2} us with {Samples} live, "
                + $"{many.TotalMicroseconds:F2} us with {Many} live; release: {release.TotalMicroseconds:F2} us each");
            Assert.That(many / few, Is.LessThan(Slack));
            Assert.That(release / few, Is.LessThan(Slack));
        }
        finally
        {
            foreach (var buffer in buffers)
                buffer.Dispose();
        }
    }

    // The best of several batches: the just-in-time compiler works on the same CPU in the others.
    private TimeSpan UnmapAndMap(ReadOnlySpan<SafeFileHandle> buffers)
    {
        var best = TimeSpan.MaxValue;
        for (var batch = 0; batch < Batches; batch++)
        {
            var watch = Stopwatch.StartNew();
            for (var i = 0; i < Samples; i++)
            {
                RawUio.Unmap(Uio, buffers[i % buffers.Length]);
                RawUio.Map(Uio, buffers[i % buffers.Length]);
            }
            best = TimeSpan.FromTicks(Math.Min(best.Ticks, (watch.Elapsed / Samples).Ticks));
        }
        return best;
    }
}
