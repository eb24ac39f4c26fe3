using System.Runtime.InteropServices;
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

    [Test]
    public unsafe void Mappings_end_with_the_last_register_map_of_the_file()
    {
        using var buffer = Buffer();
        Assert.That(RawUio.Map(Uio, buffer), Is.Zero);
        var registers = LibC.mmap(null, Environment.SystemPageSize, LibC.PROT_READ, LibC.MAP_SHARED, RawFile.Number(Uio), 0);
        Assert.That((nint)registers, Is.Not.EqualTo((nint)LibC.MAP_FAILED));

        Uio.Dispose();
        Assert.That(Attachments, Is.EqualTo(1));

        LibC.munmap(registers, Environment.SystemPageSize);
        Assert.That(Attachments, Is.Zero);
    }

    [Test]
    public void A_forked_child_has_them_until_it_ends()
    {
        using var buffer = Buffer();
        Assert.That(RawUio.Map(Uio, buffer), Is.Zero);

        using (new ForkedChild())
        {
            Uio.Dispose();
            Assert.That(Attachments, Is.EqualTo(1));
        }

        Assert.That(Attachments, Is.Zero);
    }

    [Test, Category(Needs.Handles)]
    public void A_process_that_was_sent_the_file_can_detach()
    {
        using var buffer = Buffer();
        var handle = RawHandles.Attached(Uio, buffer);

        Assert.That(ChildProcess.Detach(Uio, handle), Is.Zero);

        Assert.That(Attachments, Is.Zero);
        Assert.That(RawHandles.Detach(Uio, handle), Is.EqualTo(-LibC.ENOENT));
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

    // What programs know them by, with the import and without.
    [Test]
    public unsafe void Unbinding_leaves_read_poll_and_mmap_their_errors()
    {
        UnderTest.Unbind();
        try
        {
            uint count;
            var poll = new pollfd { fd = RawFile.Number(Uio), events = LibC.POLLIN };
            using (Assert.EnterMultipleScope())
            {
                Assert.That(((long)LibC.read(RawFile.Number(Uio), &count, sizeof(uint)), Marshal.GetLastPInvokeError()),
                    Is.EqualTo((-1, LibC.EIO)));
                Assert.That((LibC.poll(&poll, 1, 0), poll.revents & LibC.POLLERR), Is.EqualTo((1, LibC.POLLERR)));
                Assert.That((nint)LibC.mmap(null, Environment.SystemPageSize, LibC.PROT_READ, LibC.MAP_SHARED, RawFile.Number(Uio), 0),
                    Is.EqualTo((nint)LibC.MAP_FAILED));
                Assert.That(Marshal.GetLastPInvokeError(), Is.EqualTo(LibC.EINVAL));
            }
        }
        finally
        {
            UnderTest.Bind();
        }
    }

    [Test]
    public void Unbinding_waits_for_maps_in_flight_and_leaves_nothing_behind() => UnbindUnder(MapAndUnmap);

    [Test, Category(Needs.Handles)]
    public void Unbinding_waits_for_attaches_in_flight_and_leaves_nothing_behind() => UnbindUnder(AttachAndDetach);

    [Test, Category(Needs.Handles)]
    public void Unbinding_waits_for_attaches_that_are_undone_and_leaves_nothing_behind() => UnbindUnder(AttachInVain);

    private void UnbindUnder(Func<SafeFileHandle, SafeFileHandle, int> work)
    {
        for (var round = 0; round < 10; round++)
        {
            using var uio = RawUio.Open(UnderTest.DevicePath);
            UnbindUnder(uio, work, threads: 4);
        }
    }

    private void UnbindUnder(SafeFileHandle uio, Func<SafeFileHandle, SafeFileHandle, int> work, int threads)
    {
        using var started = new CountdownEvent(threads);
        var workers = Enumerable.Range(0, threads).Select(_ => Task.Factory.StartNew(
            () => WorkUntilGone(uio, work, started), CancellationToken.None,
            TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        Assert.That(started.Wait(Bound.Long), Is.True);

        UnderTest.Unbind();
        try
        {
            Assert.That(Task.WaitAll(workers, Bound.Long), Is.True);
            Assert.That(workers.Select(worker => worker.Result), Is.All.EqualTo(-LibC.ENODEV));
            Assert.That(Attachments, Is.Zero);
        }
        finally
        {
            UnderTest.Bind();
        }
    }

    // One buffer for each thread, so that the only reason to fail is the device.
    private static int WorkUntilGone(SafeFileHandle uio, Func<SafeFileHandle, SafeFileHandle, int> work, CountdownEvent started)
    {
        // In one piece: bounce buffers do not keep pieces together.
        using var memory = DmaHeap.Cma.Allocate(128 << 10);
        using var buffer = memory.DuplicateHandle();
        started.Signal();
        while (true)
        {
            var result = work(uio, buffer);
            if (result != 0)
                return result;
        }
    }

    private static int MapAndUnmap(SafeFileHandle uio, SafeFileHandle buffer) =>
        RawUio.Map(uio, buffer) is var result and not 0 ? result : RawUio.Unmap(uio, buffer);

    private static int AttachAndDetach(SafeFileHandle uio, SafeFileHandle buffer) =>
        RawHandles.Attach(uio, RawFile.Number(buffer), RawArguments.Bidirectional, out var attach) is var result and not 0
            ? result : RawHandles.Detach(uio, attach.Handle);

    private static int AttachInVain(SafeFileHandle uio, SafeFileHandle buffer) =>
        RawHandles.AttachInVain(uio, buffer) is var result && result == -LibC.EFAULT ? 0 : result;
}
