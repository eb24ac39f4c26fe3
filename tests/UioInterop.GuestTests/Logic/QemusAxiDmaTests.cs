using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Logic;

/// <summary>
/// Our driver on QEMU's own model of the core, which somebody else wrote. It drops what is sent while nobody receives, so the
/// receive is always begun first.
/// </summary>
[Category(Needs.Logic), Category(Needs.Handles)]
internal sealed class QemusAxiDmaTests
{
    private const int Length = 8192;
    private static readonly TimeSpan s_timeout = Bound.Long;

    [Test]
    public async Task A_packet_sent_is_received_before_and_after_a_reset()
    {
        using var source = DmaHeap.Cma.Allocate(Length);
        using var destination = DmaHeap.Cma.Allocate(Length);
        using var dma = AxiDmaCore.Qemus.Open();
        for (var seed = 1; seed < 7; seed++)
        {
            Buffers.Fill(source, Buffers.Pattern(Length, seed));

            var received = dma.ReceiveAsync(destination, s_timeout);
            await dma.SendAsync(source, s_timeout);
            await received;

            Assert.That(Buffers.Read(destination, Length), Is.EqualTo(Buffers.Pattern(Length, seed)));
            if (seed == 3)
                Assert.That(async () => await dma.ReceiveAsync(destination, TimeSpan.FromMilliseconds(10)),
                    Throws.InstanceOf<TimeoutException>());
        }
    }
}
