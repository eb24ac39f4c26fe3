using System.Runtime.CompilerServices;
using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Devices;

[Category(Needs.Core)]
internal sealed class RoundTripTests : EduTest
{
    [TestCaseSource(typeof(Buffers), nameof(Buffers.ForTransfers))]
    public void Data_goes_out_of_one_imported_buffer_and_back_into_another(string exporter)
    {
        var pattern = Buffers.Pattern(Length, seed: 2);
        using var source = Buffers.Allocate(exporter, 4096);
        using var destination = Buffers.Allocate(exporter, 4096);
        Buffers.Fill(source, pattern);
        using var outgoing = Edu.Device.Import(source, DmaDirection.ToDevice);
        using var incoming = Edu.Device.Import(destination, DmaDirection.FromDevice);

        var sent = Edu.CopyToDevice(outgoing, 0, Length, Timeout);
        var received = Edu.CopyFromDevice(incoming, 0, Length, Timeout);

        Assert.That(Buffers.Read(destination, Length), Is.EqualTo(pattern));
        Assert.That((sent.SinceLastWait, received.SinceLastWait), Is.EqualTo((1u, 1u)), "one interrupt each");
        Assert.That(received.Total, Is.EqualTo(sent.Total + 1));
    }

    [Test]
    public void One_buffer_serves_both_ways_and_offsets_count()
    {
        var pattern = Buffers.Pattern(512, seed: 3);
        using var buffer = DmaHeap.Cma.Allocate(8192);
        using (var cpu = buffer.BeginAccess(CpuAccessMode.Write, 4096, 512))
            pattern.CopyTo(cpu.Span);
        using var mapping = Edu.Device.Import(buffer, DmaDirection.Bidirectional);

        Edu.CopyToDevice(mapping, 4096, 512, Timeout, bufferOffset: 1024);
        Edu.CopyFromDevice(mapping, 16, 512, Timeout, bufferOffset: 1024);

        using var result = buffer.BeginAccess(CpuAccessMode.Read, 16, 512);
        Assert.That(result.Span.ToArray(), Is.EqualTo(pattern));
    }

    [Test]
    public void A_transfer_outside_of_the_mapping_is_refused()
    {
        using var buffer = DmaHeap.System.Allocate(4096);
        using var mapping = Edu.Device.Import(buffer, DmaDirection.ToDevice);
        using var other = DmaHeap.System.Allocate(4096);
        using var incoming = Edu.Device.Import(other, DmaDirection.FromDevice);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => Edu.CopyToDevice(mapping, 4096 - Length + 1, Length, Timeout),
                Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => Edu.CopyToDevice(mapping, -1, Length, Timeout), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => Edu.CopyToDevice(mapping, 0, Length + 1, Timeout), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => Edu.CopyToDevice(mapping, 0, 0, Timeout), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => Edu.CopyFromDevice(mapping, 0, Length, Timeout), Throws.ArgumentException, "the wrong way");
            Assert.That(() => Edu.CopyToDevice(incoming, 0, Length, Timeout), Throws.ArgumentException, "the wrong way");
        }
    }

    // What the collector finds unreachable is only the object: the device still has the buffer.
    [Test]
    public void A_mapping_that_is_dropped_and_collected_still_takes_data()
    {
        var pattern = Buffers.Pattern(Length, seed: 4);
        Load(pattern);
        using var destination = DmaHeap.Cma.Allocate(4096);
        var address = ImportAndForget(destination);

        Collector.Run();
        Edu.Start(EduTransfer.FromDevice, address, Length);

        Assert.That(Edu.TryWaitForCompletion(Timeout, out _), Is.True);
        Assert.That(Buffers.Read(destination, Length), Is.EqualTo(pattern));
    }

    [Test]
    public void A_mapping_outlives_its_buffer_object()
    {
        var before = Settled.Buffers;
        var buffer = DmaHeap.System.Allocate(4096);
        var mapping = Edu.Device.Import(buffer, DmaDirection.Bidirectional);

        buffer.Dispose();
        Edu.CopyToDevice(mapping, 0, Length, Timeout);
        mapping.Dispose();

        Assert.That(DmaBufTable.Buffers, Is.EqualTo(before));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DeviceAddress ImportAndForget(DmaBuf buffer) => Edu.Device.Import(buffer, DmaDirection.FromDevice).Address;
}
