using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>Without translation the pieces of a buffer lie where the allocator found them.</summary>
[Category(Needs.Direct)]
internal sealed class RangeTests : AbiTest
{
    // The system heap's largest piece is 1 MiB, so each of these has two at least, sometimes neighbours.
    private static readonly int[] s_lengths = [2 << 20, (2 << 20) + (64 << 10)];

    [Test]
    public void Pieces_that_touch_are_one_range_and_pieces_apart_are_refused()
    {
        var (together, apart) = (0, 0);
        for (var i = 0; i < 64 && (together == 0 || apart == 0); i++)
        {
            var length = s_lengths[i % s_lengths.Length];
            using var buffer = Buffer(length);
            var pages = PhysicalPages.Of(buffer, length);
            var result = RawUio.Map(Uio, RawFile.Number(buffer), RawArguments.ToDevice, out var mapped);

            if (PhysicalPages.AreContiguous(pages))
            {
                together++;
                Assert.That((result, mapped.Address, mapped.Size), Is.EqualTo((0, pages[0], (ulong)length)));
                Assert.That(RawUio.Unmap(Uio, buffer), Is.Zero);
            }
            else
            {
                apart++;
                Assert.That(result, Is.EqualTo(-LibC.EINVAL));
            }
            Assert.That(Attachments, Is.Zero);
        }

        Assert.That((together, apart), Is.Not.EqualTo((together, 0)).And.Not.EqualTo((0, apart)), "both were seen");
    }

    [Test]
    public void The_CMA_heap_gives_one_range()
    {
        const int length = 4 << 20;
        using var dmaBuf = DmaHeap.Cma.Allocate(length);
        using var buffer = dmaBuf.DuplicateHandle();
        var pages = PhysicalPages.Of(buffer, length);

        Assert.That(RawUio.Map(Uio, RawFile.Number(buffer), RawArguments.ToDevice, out var mapped), Is.Zero);
        Assert.That((mapped.Address, mapped.Size), Is.EqualTo((pages[0], (ulong)length)));
    }
}
