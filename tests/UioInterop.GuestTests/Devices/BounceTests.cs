using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Devices;

/// <summary>
/// On a machine that bounces every transfer, what the CPU and the device see differs until a scope brings it together:
/// the proof that scopes do their work, which coherent hardware hides.
/// </summary>
[Category(Needs.Bounce)]
internal sealed class BounceTests : EduTest
{
    private static readonly string[] s_heaps = ["system", "cma"];

    [TestCaseSource(nameof(s_heaps))]
    public void Device_data_is_stale_without_a_scope_and_current_with_one(string exporter)
    {
        var pattern = Buffers.Pattern(Length, seed: 7);
        Load(pattern);
        using var buffer = Buffers.Allocate(exporter, 4096);
        using var mapping = Edu.Device.Import(buffer, DmaDirection.FromDevice);
        using var bare = new BareMap(buffer);

        Edu.CopyFromDevice(mapping, 0, Length, Timeout);

        Assert.That(bare.Span[..Length].ToArray(), Is.All.Zero, "no scope");
        Assert.That(Buffers.Read(buffer, Length), Is.EqualTo(pattern), "in a scope");
    }

    [TestCaseSource(nameof(s_heaps))]
    public void A_CPU_write_reaches_the_device_only_with_a_scope(string exporter)
    {
        var first = Buffers.Pattern(Length, seed: 8);
        var second = Buffers.Pattern(Length, seed: 9);
        using var buffer = Buffers.Allocate(exporter, 4096);
        Buffers.Fill(buffer, first);
        using var mapping = Edu.Device.Import(buffer, DmaDirection.ToDevice);
        using (var bare = new BareMap(buffer))
            second.CopyTo(bare.Span);

        Assert.That(ThroughTheDevice(mapping), Is.EqualTo(first), "no scope");

        Buffers.Fill(buffer, second);
        Assert.That(ThroughTheDevice(mapping), Is.EqualTo(second), "in a scope");
    }

    [TestCaseSource(nameof(s_heaps))]
    public void A_scope_over_a_bidirectional_mapping_serves_both_sides(string exporter)
    {
        var pattern = Buffers.Pattern(Length, seed: 10);
        using var buffer = Buffers.Allocate(exporter, 4096);
        using var mapping = Edu.Device.Import(buffer, DmaDirection.Bidirectional);

        Buffers.Fill(buffer, pattern);
        Edu.CopyToDevice(mapping, 0, Length, Timeout);
        Buffers.Fill(buffer, new byte[Length]);
        Edu.CopyFromDevice(mapping, 0, Length, Timeout);

        Assert.That(Buffers.Read(buffer, Length), Is.EqualTo(pattern));
    }

    // The kernel syncs all of a buffer, whatever part of it a scope is about.
    [TestCaseSource(nameof(s_heaps))]
    public void A_scope_that_writes_a_part_leaves_what_the_device_wrote_beside_it(string exporter)
    {
        var pattern = Buffers.Pattern(Length, seed: 11);
        Load(pattern);
        using var buffer = Buffers.Allocate(exporter, 4096);
        using var mapping = Edu.Device.Import(buffer, DmaDirection.Bidirectional);

        Edu.CopyFromDevice(mapping, 0, Length, Timeout);
        using (var cpu = buffer.BeginAccess(CpuAccessMode.Write, Length, 512))
            cpu.Span.Fill(1);

        Assert.That(Buffers.Read(buffer, Length), Is.EqualTo(pattern));
    }

    // The end of a scope must not put old content over what the device is writing in another part just then.
    [TestCase(DmaDirection.FromDevice)]
    [TestCase(DmaDirection.Bidirectional)]
    public void A_scope_that_reads_beside_a_running_transfer_leaves_what_the_device_writes(DmaDirection direction)
    {
        var pattern = Buffers.Pattern(Length, seed: 12);
        Load(pattern);
        using var buffer = DmaHeap.Cma.Allocate(8192);
        using var mapping = Edu.Device.Import(buffer, direction);
        using var lease = mapping.BeginTransfer(0, Length);

        using (buffer.BeginAccess(CpuAccessMode.Read, 4096, 100))
        {
            Edu.Start(EduTransfer.FromDevice, lease.Address, Length);
            Assert.That(Edu.TryWaitForCompletion(Timeout, out _), Is.True);
        }
        lease.Complete();

        Assert.That(Buffers.Read(buffer, Length), Is.EqualTo(pattern));
    }

    // And what the CPU writes in another part meanwhile reaches the device with the next transfer.
    [Test]
    public void A_scope_that_writes_beside_a_running_transfer_serves_the_next()
    {
        var pattern = Buffers.Pattern(Length, seed: 13);
        using var buffer = DmaHeap.Cma.Allocate(8192);
        using var destination = DmaHeap.Cma.Allocate(4096);
        using var outgoing = Edu.Device.Import(buffer, DmaDirection.ToDevice);
        using var incoming = Edu.Device.Import(destination, DmaDirection.FromDevice);

        using (var lease = outgoing.BeginTransfer(0, Length))
        {
            Edu.Start(EduTransfer.ToDevice, lease.Address, Length);
            using (var cpu = buffer.BeginAccess(CpuAccessMode.Write, 4096, Length))
                pattern.CopyTo(cpu.Span);
            Assert.That(Edu.TryWaitForCompletion(Timeout, out _), Is.True);
            lease.Complete();
        }
        Edu.CopyToDevice(outgoing, 4096, Length, Timeout);
        Edu.CopyFromDevice(incoming, 0, Length, Timeout);

        Assert.That(Buffers.Read(destination, Length), Is.EqualTo(pattern));
    }

    // The unmap fetches all of the buffer from the bounce buffer, where what the CPU writes is not before its scope ends.
    [TestCaseSource(nameof(s_heaps))]
    public void A_mapping_does_not_end_under_a_scope_that_writes(string exporter)
    {
        var pattern = Buffers.Pattern(Length, seed: 14);
        using var buffer = Buffers.Allocate(exporter, 4096);
        var mapping = Edu.Device.Import(buffer, DmaDirection.Bidirectional);
        using (var cpu = buffer.BeginAccess(CpuAccessMode.Write, 0, Length))
        {
            pattern.CopyTo(cpu.Span);
            Assert.That(mapping.End, Throws.InvalidOperationException.With.Message.Contains("scope"));
        }
        Assert.That(Buffers.Read(buffer, Length), Is.EqualTo(pattern));

        Edu.CopyToDevice(mapping, 0, Length, Timeout); // nothing has happened to it
        mapping.Dispose();
        Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.Zero);
        Assert.That(Buffers.Read(buffer, Length), Is.EqualTo(pattern));
    }

    [TestCaseSource(nameof(s_heaps))]
    public void The_end_of_the_device_leaves_what_a_scope_has_written(string exporter)
    {
        var pattern = Buffers.Pattern(Length, seed: 15);
        using var buffer = Buffers.Allocate(exporter, 4096);
        Edu.Device.Import(buffer, DmaDirection.Bidirectional);
        var memory = buffer.BeginMemoryAccess(CpuAccessMode.Write, 0, Length);
        pattern.CopyTo(memory.Memory.Span);

        Edu.Dispose();

        memory.Dispose();
        Assert.That(Buffers.Read(buffer, Length), Is.EqualTo(pattern));
    }

    [Test]
    public void A_cache_keeps_a_buffer_that_the_CPU_writes()
    {
        var pattern = Buffers.Pattern(Length, seed: 16);
        using var buffer = DmaHeap.Cma.Allocate(4096);
        using var other = DmaHeap.Cma.Allocate(4096);
        var cache = new DmaMappingCache(Edu.Device, capacity: 1);
        cache.BeginTransfer(buffer, 0, Length).Complete();

        using (var cpu = buffer.BeginAccess(CpuAccessMode.Write, 0, Length))
        {
            pattern.CopyTo(cpu.Span);
            cache.BeginTransfer(other, 0, Length).Complete();
            Assert.That(cache.Remove(buffer), Is.True);
        }
        Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.EqualTo(2));

        cache.Trim();
        Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.EqualTo(1));
        Assert.That(Buffers.Read(buffer, Length), Is.EqualTo(pattern));
    }

    private byte[] ThroughTheDevice(DmaMapping source)
    {
        using var destination = DmaHeap.Cma.Allocate(4096);
        using var mapping = Edu.Device.Import(destination, DmaDirection.FromDevice);
        Edu.CopyToDevice(source, 0, Length, Timeout);
        Edu.CopyFromDevice(mapping, 0, Length, Timeout);
        return Buffers.Read(destination, Length);
    }
}
