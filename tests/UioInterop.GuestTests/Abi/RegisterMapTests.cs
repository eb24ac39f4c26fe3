using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

/// <summary>What is left of a register map when the device is unbound: memory that is nobody's.</summary>
[Category(Needs.Edu)]
internal sealed unsafe class RegisterMapTests : AbiTest
{
    private const int Length = 1 << 20;
    private const int Liveness = 0x04 / sizeof(uint);

    private uint* _registers;

    [SetUp]
    public void MapRegisters() =>
        _registers = (uint*)LibC.mmap(null, Length, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, RawFile.Number(Uio), 0);

    [TearDown]
    public void UnmapRegisters() => LibC.munmap(_registers, Length);

    [Test]
    public void Unbinding_takes_the_registers_out_of_a_map_and_leaves_memory_without_a_signal()
    {
        Volatile.Write(ref _registers[Liveness], 1);
        Assert.That(Volatile.Read(ref _registers[Liveness]), Is.EqualTo(~1u), "the device");

        UnderTest.Unbind();

        Assert.That(Volatile.Read(ref _registers[Liveness]), Is.Zero);
        Volatile.Write(ref _registers[Liveness], 2);
        Assert.That(Volatile.Read(ref _registers[Liveness]), Is.EqualTo(2), "memory");
        Assert.That(Volatile.Read(ref _registers[(Length / sizeof(uint)) - 1]), Is.Zero, "a page that nobody had touched before");

        UnderTest.Bind();
        using var again = UnderTest.OpenShared();
        Assert.That(again.Registers.Read(new Register<uint>(0x04, "liveness check")), Is.EqualTo(~1u),
            "what was written in between has not reached the device");
    }

    [Test]
    public void A_map_made_before_and_touched_after_the_unbinding_shows_nothing_of_the_device()
    {
        UnderTest.Unbind();

        Assert.That(Volatile.Read(ref _registers[0]), Is.Zero, "not the identification");
    }

    // Whoever has deadlines to meet touches one register beforehand. How it is seen here reads byte by byte, which edu does
    // not answer: on ARM that is the end of the kernel.
    [Test, Category(Needs.Pc)]
    public void One_touch_fills_the_whole_map()
    {
        Assert.That(PagesFilled(), Is.Zero);

        Assert.That(Volatile.Read(ref _registers[0]), Is.EqualTo(0x010000edu), "the identification");

        Assert.That(PagesFilled(), Is.EqualTo(Length / Environment.SystemPageSize));
    }

    // As a debugger reads them: that fills nothing (Documentation/admin-guide/mm/pagemap.rst knows nothing of registers).
    private int PagesFilled()
    {
        using var memory = RawFile.Open("/proc/self/mem", LibC.O_RDONLY);
        var filled = 0;
        for (var page = 0; page < Length; page += Environment.SystemPageSize)
        {
            uint value;
            if (LibC.pread(RawFile.Number(memory), &value, sizeof(uint), (nint)_registers + page) == sizeof(uint))
                filled++;
        }
        return filled;
    }
}
