using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>Maps of memory that a driver has allocated: pages, of a slab, by vmalloc().</summary>
[Category(Needs.OddDevices)]
internal sealed unsafe class MemoryMapTests
{
    private const byte Drivers = (byte)'U';
    private const int Maps = 3;

    private static readonly int s_page = Environment.SystemPageSize;

    [SetUp]
    public void RegisterBoth() => OddDevices.Rebind();

    [Test]
    public void They_show_the_drivers_memory_and_plain_memory_when_it_is_gone([Range(0, Maps - 1)] int map)
    {
        using var uio = RawUio.Open(OddDevices.PathOf("sibling-1"));
        var memory = Map(uio, map);
        Volatile.Write(ref memory[1], 7);
        Assert.That((Volatile.Read(ref memory[0]), Volatile.Read(ref memory[1])), Is.EqualTo((Drivers, (byte)7)));

        OddDevices.Unregister(1);

        Assert.That((Volatile.Read(ref memory[0]), Volatile.Read(ref memory[1])), Is.EqualTo(((byte)0, (byte)0)));
        Volatile.Write(ref memory[0], 9);
        Assert.That(Volatile.Read(ref memory[0]), Is.EqualTo(9));
        LibC.munmap(memory, s_page);
    }

    // What was being inserted when the device went would stay for ever.
    [Test]
    public void A_page_touched_during_unregistration_does_not_stay_mapped()
    {
        for (var round = 0; round < 20; round++)
        {
            using var uio = RawUio.Open(OddDevices.PathOf("sibling-1"));
            var maps = Enumerable.Range(0, 900).Select(index => (nint)Map(uio, index % Maps)).ToArray();
            using var touched = new CountdownEvent(100);
            var toucher = new Thread(() =>
            {
                foreach (var map in maps)
                {
                    Volatile.Read(ref *(byte*)map);
                    if (!touched.IsSet)
                        touched.Signal();
                }
            });
            toucher.Start();
            touched.Wait();
            OddDevices.Unregister(1);
            toucher.Join();

            Assert.That(Array.ConvertAll(maps, map => Volatile.Read(ref *(byte*)map)), Is.All.Zero);
            foreach (var map in maps)
                LibC.munmap((void*)map, s_page);
            OddDevices.Rebind();
        }
    }

    private static byte* Map(SafeFileHandle uio, int map)
    {
        var memory = LibC.mmap(null, s_page, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, RawFile.Number(uio), map * s_page);
        Assert.That((nint)memory, Is.Not.EqualTo((nint)LibC.MAP_FAILED));
        return (byte*)memory;
    }
}
