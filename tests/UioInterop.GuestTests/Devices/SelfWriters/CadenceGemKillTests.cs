using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Devices.SelfWriters;

/// <summary>
/// With an Ethernet controller, which writes when a frame comes. The frames come from a second controller of the same
/// machine, not from the host, which knows neither when the process is killed nor when its memory is somebody else's.
/// </summary>
[Category(Needs.Gem)]
internal sealed class CadenceGemKillTests : KilledWriterTests
{
    private const string SenderName = "ff0c0000.ethernet";

    protected override string WriterName => "ff0b0000.ethernet";

    protected override string LostName => "ff0d0000.ethernet";

    protected override SelfWriter Open(string name) => new CadenceGem(name);

    // Nothing happens to it by itself.
    protected override QuiesceProgram InAMoment(Registers registers) =>
        new QuiesceProgram().Poll(registers, new Register<uint>(0, "first"), 0u, 0u, TimeSpan.FromSeconds(1));

    protected override void LetThemWrite()
    {
        using var ring = DmaHeap.Cma.Allocate(4096);
        using var sender = new CadenceGem(SenderName);
        using var mapping = sender.Device.Import(ring, DmaDirection.Bidirectional);
        for (var i = 0; i < 3; i++)
            sender.Send(ring, mapping.Address);
        sender.Stop();
    }
}
