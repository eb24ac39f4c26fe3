using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Abi;

[Category(Needs.Core)]
internal sealed class ReleaseTests : AbiTest
{
    [Test]
    public void Closing_the_file_ends_its_mappings_and_only_its()
    {
        using var first = Buffer();
        using var second = Buffer();
        using var other = RawUio.Open(UnderTest.DevicePath);
        Assert.That(RawUio.Map(Uio, first), Is.Zero);
        Assert.That(RawUio.Map(other, second), Is.Zero);

        Uio.Dispose();

        Assert.That(Attachments, Is.EqualTo(1));
        Assert.That(RawUio.Unmap(other, second), Is.Zero);
    }

    [Test]
    public void Mappings_end_with_the_last_descriptor_of_the_file()
    {
        using var buffer = Buffer();
        var duplicate = RawFile.Duplicate(Uio);
        Assert.That(RawUio.Map(Uio, buffer), Is.Zero);

        Uio.Dispose();
        Assert.That(Attachments, Is.EqualTo(1));

        duplicate.Dispose();
        Assert.That(Attachments, Is.Zero);
    }

    // The DMA API is over for a device whose driver is unbound.
    [Test]
    public void Unbinding_the_device_ends_the_mappings_of_open_files()
    {
        using var buffer = Buffer();
        Assert.That(RawUio.Map(Uio, buffer), Is.Zero);

        UnderTest.Unbind();
        try
        {
            using (Assert.EnterMultipleScope())
            {
                Assert.That(Attachments, Is.Zero);
                Assert.That(RawUio.Unmap(Uio, buffer), Is.EqualTo(-LibC.ENODEV));
                Assert.That(RawUio.Map(Uio, buffer), Is.EqualTo(-LibC.ENODEV));
            }
        }
        finally
        {
            UnderTest.Bind();
        }
    }

    [Test]
    public void Unbinding_waits_for_maps_in_flight_and_leaves_nothing_behind()
    {
        for (var round = 0; round < 10; round++)
        {
            using var uio = RawUio.Open(UnderTest.DevicePath);
            UnbindUnder(uio, threads: 4);
        }
    }

    private void UnbindUnder(SafeFileHandle uio, int threads)
    {
        using var started = new CountdownEvent(threads);
        var workers = Enumerable.Range(0, threads).Select(_ => Task.Factory.StartNew(
            () => MapUntilGone(uio, started), CancellationToken.None,
            TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        started.Wait(TimeSpan.FromSeconds(10));

        UnderTest.Unbind();
        try
        {
            Assert.That(Task.WaitAll(workers, TimeSpan.FromSeconds(10)), Is.True);
            Assert.That(workers.Select(worker => worker.Result), Is.All.EqualTo(-LibC.ENODEV));
            Assert.That(Attachments, Is.Zero);
        }
        finally
        {
            UnderTest.Bind();
        }
    }

    // One buffer for each thread, so that the only reason to fail is the device.
    private static int MapUntilGone(SafeFileHandle uio, CountdownEvent started)
    {
        // In one piece: bounce buffers do not keep pieces together.
        using var memory = DmaHeap.Cma.Allocate(128 << 10);
        using var buffer = memory.DuplicateHandle();
        started.Signal();
        while (true)
        {
            var result = RawUio.Map(uio, buffer);
            if (result == 0)
                result = RawUio.Unmap(uio, buffer);
            if (result != 0)
                return result;
        }
    }
}
