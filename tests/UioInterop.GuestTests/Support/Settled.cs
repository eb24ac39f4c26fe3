namespace UioInterop.GuestTests.Support;

/// <summary>
/// Counts that nobody changes any more: what earlier tests have dropped is finalized, and the library's own thread has let
/// go of it. Every test that compares a count with an earlier one takes that one here.
/// </summary>
internal static class Settled
{
    private const int Equal = 3;
    private const int Most = 50;

    public static int Of(Func<int> count) => Of(count, static (left, right) => left == right);

    public static IReadOnlyList<string> Of(Func<IReadOnlyList<string>> list) => Of(list, Enumerable.SequenceEqual);

    /// <summary>Buffers that exist. Where there are none, there is nothing to wait for.</summary>
    public static int Buffers => DmaBufTable.Buffers == 0 ? 0 : Of(() => DmaBufTable.Buffers);

    /// <summary>Attachments of the device under test.</summary>
    public static int Attachments => AttachmentsNow == 0 ? 0 : Of(() => AttachmentsNow);

    private static int AttachmentsNow => DmaBufTable.AttachmentsOf(UnderTest.Name);

    private static T Of<T>(Func<T> look, Func<T, T, bool> isEqual)
    {
        Collector.Run();
        var last = look();
        for (int equal = 1, rounds = 0; equal < Equal; rounds++)
        {
            Assert.That(rounds, Is.LessThan(Most), "it does not settle");
            Thread.Yield();
            Collector.Run();
            var now = look();
            equal = isEqual(now, last) ? equal + 1 : 1;
            last = now;
        }
        return last;
    }
}
