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

    // A list would show up as a factor of ten and more. The slack is for deeper trees: a few levels at most.
    private const double Slack = 1.5;

    [Test]
    public void Map_and_unmap_cost_the_same_beside_10000_mappings()
    {
        var buffers = Enumerable.Range(0, Many).Select(_ => Buffer()).ToArray();
        try
        {
            var alone = UnmapAndMap(buffers.AsSpan(0, 1));
            Assert.That(buffers.Skip(1).Select(buffer => RawUio.Map(Uio, buffer)), Is.All.Zero);
            var crowded = UnmapAndMap(buffers.AsSpan(0, Samples));

            var closing = Stopwatch.StartNew();
            Uio.Dispose();
            var release = closing.Elapsed / Many;

            Announcements.Say($"unmap + map: {alone.TotalMicroseconds:F2} us with 1 live, "
                + $"{crowded.TotalMicroseconds:F2} us with {Many} live; release: {release.TotalMicroseconds:F2} us each");
            Assert.That(crowded / alone, Is.LessThan(Slack));
            Assert.That(release / alone, Is.LessThan(Slack));
        }
        finally
        {
            foreach (var buffer in buffers)
                buffer.Dispose();
        }
    }

    private TimeSpan UnmapAndMap(ReadOnlySpan<SafeFileHandle> buffers)
    {
        RawUio.Map(Uio, buffers[0]);
        RawUio.Unmap(Uio, buffers[0]);
        RawUio.Map(Uio, buffers[0]);
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < Samples; i++)
        {
            var buffer = buffers[i % buffers.Length];
            RawUio.Unmap(Uio, buffer);
            RawUio.Map(Uio, buffer);
        }
        return watch.Elapsed / Samples;
    }
}
