using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Devices.SelfWriters;

/// <summary>With an entropy device, which writes some bytes every so often.</summary>
[Category(Needs.Rng)]
internal sealed class VirtioRngKillTests : KilledWriterTests
{
    protected override string WriterName => UnderTest.Name;

    protected override string LostName => "a003a00.virtio_mmio";

    protected override string ClockName => "a003c00.virtio_mmio";

    protected override SelfWriter Open(string name) => new VirtioRng(name);

    // It interrupts with each buffer that it has filled.
    protected override QuiesceProgram InAMoment(Registers registers) => new QuiesceProgram()
        .Write(registers, new Register<uint>(0x064, "InterruptACK"), 1u)
        .Poll(registers, new Register<uint>(0x060, "InterruptStatus"), 1u, 1u, TimeSpan.FromSeconds(1));
}
