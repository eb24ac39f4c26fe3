using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Devices;

/// <summary>A ring of buffers that a real device fills.</summary>
internal sealed class RingTests : EduTest
{
    private const int Parts = 3;

    [Test]
    public void A_part_with_bus_mastering_off_ends_the_ring()
    {
        Edu.Dispose();
        using var session = DeviceSession.Open(UioDeviceId.FromParent(UnderTest.Name));
        var (ring, buffers) = Begin(session);
        session.Device.Pci!.BusMaster = false;

        // On a busy host parts may be filled before bus mastering is off; the one after them is not.
        Assert.That(ReceiveUntilTheEnd, Throws.InstanceOf<IOException>().With.Message.Contains("could not reach memory"));
        foreach (var buffer in buffers)
            buffer.BeginAccess(CpuAccessMode.Read).Dispose();
        foreach (var buffer in buffers)
            buffer.Dispose();

        void ReceiveUntilTheEnd()
        {
            for (var i = 0; i <= Parts; i++)
                ring.Receive(Timeout).Dispose();
        }
    }

    [Test]
    public async Task Parts_are_filled_again_and_again_and_the_ring_stalls_when_none_is_free()
    {
        var pattern = Buffers.Pattern(Length, seed: 90);
        Load(pattern);
        Edu.Dispose();
        using var session = DeviceSession.Open(UioDeviceId.FromParent(UnderTest.Name));
        var (ring, buffers) = Begin(session);

        for (var i = 0; i < 2 * Parts; i++)
        {
            using var part = await ring.ReceiveAsync(Timeout);
            Assert.That(part.Index, Is.EqualTo(i % Parts));
            Assert.That(() => { buffers[(i + 1) % Parts].BeginAccess(CpuAccessMode.Read); }, Throws.InvalidOperationException,
                "the device's");
            using var cpu = part.BeginRead();
            Assert.That(cpu.Span.SequenceEqual(pattern), Is.True);
        }

        var lent = new List<RingPart>();
        for (var i = 0; i < Parts; i++)
            lent.Add(ring.Receive(Timeout));
        Assert.That(() => ring.Receive(TimeSpan.FromMilliseconds(500)), Throws.InstanceOf<TimeoutException>(), "it stalls");
        lent[0].Dispose();
        Assert.That(ring.Receive(Timeout).Index, Is.Zero, "and goes on");

        ring.End();
        foreach (var buffer in buffers)
        {
            buffer.BeginAccess(CpuAccessMode.Read).Dispose();
            buffer.Dispose();
        }
        Assert.That(ring.Overruns, Is.Zero);
    }

    private static (EduRing Ring, DmaBuf[] Buffers) Begin(DeviceSession session)
    {
        var ring = new EduRing(session);
        var buffers = Enumerable.Range(0, Parts).Select(_ => DmaHeap.Cma.Allocate(4096)).ToArray();
        var mappings = buffers.Select(buffer => session.Device.Import(buffer, DmaDirection.FromDevice)).ToArray();
        ring.Begin([.. mappings.Select(mapping => new TransferPart(mapping, 0, Length))]);
        return (ring, buffers);
    }
}
