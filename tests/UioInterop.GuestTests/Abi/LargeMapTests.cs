using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>Maps of many registers: they are filled at the first touch, and that keeps nobody else waiting.</summary>
[Category(Needs.OddDevices)]
internal sealed unsafe class LargeMapTests
{
    private const int MiB = 1 << 20, Page = 4096;
    private const int All = LargeRegisters.Length;

    // Stock Linux fills them in mmap(), as sysfs does with the same registers. The best of each counts, and a busy host gets more tries.
    [TestCase(256 * MiB)]
    [TestCase(All)]
    public void To_map_and_to_touch_all_of_them_costs_at_most_twice_what_stock_mmap_does(int length)
    {
        using var uio = RawUio.Open(LargeRegisters.DevicePath);
        var (ours, stock) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        for (var round = 0; round < 5 || (round < 40 && ours / stock > 2); round++)
        {
            stock = Shorter(stock, TimeOf(length, () => (nint)LargeRegisters.MapOfSysfs(length)));
            ours = Shorter(ours, TimeOf(length, () => (nint)LargeRegisters.Map(uio, length)));
        }

        Assert.That(ours / stock, Is.LessThanOrEqualTo(2), $"{ours.TotalMilliseconds:F1} ms, stock {stock.TotalMilliseconds:F1} ms");
    }

    // With a lock that read() takes there would be none. A busy host keeps the reader from running in one fill or another.
    [Test]
    public void Others_read_while_a_map_is_filled()
    {
        using var uio = RawUio.Open(LargeRegisters.DevicePath);
        using var reader = RawFile.Open(LargeRegisters.DevicePath, LibC.O_RDWR | LibC.O_NONBLOCK);
        var reads = new int[21];
        for (var round = 0; round < reads.Length; round++)
            reads[round] = ReadsAmidFirstTouch(uio, reader);

        Array.Sort(reads);
        Assert.That(reads[reads.Length / 2], Is.GreaterThanOrEqualTo(10), string.Join(' ', reads));
    }

    [Test]
    public void Unbinding_takes_all_of_them_away()
    {
        using var uio = RawUio.Open(LargeRegisters.DevicePath);
        var registers = LargeRegisters.Map(uio, All);
        int[] places = [0, Page, 2 * MiB, All / 2, All - Page];
        foreach (var place in places)
            Volatile.Write(ref registers[place / sizeof(uint)], 0x5EED);

        LargeRegisters.Renew();

        Assert.That(Values(registers, places), Is.All.Zero);
        LargeRegisters.Unmap(registers, All);
        registers = LargeRegisters.MapOfSysfs(All);
        Assert.That(Values(registers, places), Is.All.EqualTo(0x5EED), "the device has had them");
        LargeRegisters.Unmap(registers, All);
    }

    // In the middle half of the time that it takes: before and after, the lock might not be held.
    private static int ReadsAmidFirstTouch(SafeFileHandle uio, SafeFileHandle reader)
    {
        var registers = LargeRegisters.Map(uio, All);
        using var started = new ManualResetEventSlim();
        var ends = new List<long>(1 << 16);
        var done = false;
        var reading = new Thread(() =>
        {
            started.Set();
            while (!Volatile.Read(ref done))
            {
                uint count;
                LibC.read(RawFile.Number(reader), &count, sizeof(uint));
                ends.Add(Stopwatch.GetTimestamp());
            }
        });
        reading.Start();
        started.Wait();
        var start = Stopwatch.GetTimestamp();
        Volatile.Read(ref registers[0]);
        var end = Stopwatch.GetTimestamp();
        Volatile.Write(ref done, true);
        reading.Join();
        LargeRegisters.Unmap(registers, All);

        var quarter = (end - start) / 4;
        return ends.Count(time => start + quarter < time && time < end - quarter);
    }

    private static uint[] Values(uint* registers, int[] places) =>
        Array.ConvertAll(places, place => Volatile.Read(ref registers[place / sizeof(uint)]));

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan TimeOf(int length, Func<nint> map)
    {
        var start = Stopwatch.GetTimestamp();
        var registers = (uint*)map();
        for (var place = 0; place < length; place += Page)
            Volatile.Read(ref registers[place / sizeof(uint)]);
        var time = Stopwatch.GetElapsedTime(start);
        LargeRegisters.Unmap(registers, length);
        return time;
    }
}
