using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Devices.SelfWriters;

/// <summary>With an entropy device, which writes some bytes every so often.</summary>
[Category(Needs.Rng)]
internal sealed class VirtioRngKillTests : KilledWriterTests
{
    private const string ClockName = "a003c00.virtio_mmio";

    protected override string WriterName => UnderTest.Name;

    protected override string LostName => "a003a00.virtio_mmio";

    protected override SelfWriter Open(string name) => new VirtioRng(name);

    // It interrupts with each buffer that it has filled.
    protected override QuiesceProgram InAMoment(Registers registers) => new QuiesceProgram()
        .Write(registers, new Register<uint>(0x064, "InterruptACK"), 1u)
        .Poll(registers, new Register<uint>(0x060, "InterruptStatus"), 1u, 1u, TimeSpan.FromSeconds(1));

    // One of the same kind tells the time: when it has written, the other could have, too.
    protected override void LetThemWrite()
    {
        using var ring = DmaHeap.Cma.Allocate(4096);
        using var slots = DmaHeap.Cma.Allocate(SelfWriter.Length);
        using var clock = new VirtioRng(ClockName);
        using var ringMapping = clock.Device.Import(ring, DmaDirection.Bidirectional);
        using var slotMapping = clock.Device.Import(slots, DmaDirection.FromDevice);
        clock.Start(ring, ringMapping.Address, slotMapping.Address);
        Assert.That(() => clock.Filled(ring), Is.GreaterThanOrEqualTo(4).After(20_000, 20));
        clock.Stop();
    }
}
