using UioInterop.GuestTests.Support;
using UioInterop.TestRunner;

namespace UioInterop.GuestTests.Devices.SelfWriters;

/// <summary>With an Ethernet controller, which writes when a frame comes. The frames come from the host.</summary>
[Category(Needs.Gem)]
internal sealed class CadenceGemKillTests : KilledWriterTests
{
    protected override string WriterName => "ff0b0000.ethernet";

    protected override string LostName => "ff0d0000.ethernet";

    protected override string ClockName => "ff0c0000.ethernet";

    protected override SelfWriter Open(string name) => new CadenceGem(name);

    // Nothing happens to it by itself.
    protected override QuiesceProgram InAMoment(Registers registers) =>
        new QuiesceProgram().Poll(registers, new Register<uint>(0, "first"), 0u, 0u, TimeSpan.FromSeconds(1));

    // This process reports that the other was killed, and the host sends.
    protected override void Provoke(int count) => Announcements.AskForFrames(count);
}
