using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Devices;

/// <summary>Who waits for whom when transfers, mappings, scopes and devices end in an order that was not planned.</summary>
internal sealed class TransferTests : EduTest
{
    private static readonly TimeSpan s_soon = Bound.Long;

    private sealed class Planned : Exception;

    [Test]
    public void An_exception_in_a_transfer_stops_the_device_before_anything_is_let_go()
    {
        Load(Buffers.Pattern(Length, seed: 20));
        BeforeTheWrite.Stop(buffer =>
        {
            Assert.That(() =>
            {
                using var mapping = Edu.Device.Import(buffer, DmaDirection.FromDevice);
                using var lease = mapping.BeginTransfer(0, Length);
                Edu.Start(EduTransfer.FromDevice, lease.Address, Length);
                throw new Planned();
            }, Throws.InstanceOf<Planned>());

            Assert.That(Edu.IsBusy, Is.False, "the device is at rest");
            Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.Zero);
            if (BeforeTheWrite.IsUntouched(buffer))
                Assert.That(Edu.TryWaitForCompletion(TimeSpan.Zero, out _), Is.False, "nor is anything due");
        });
    }

    [Test]
    public void An_exception_in_a_transfer_may_unwind_the_device_as_well()
    {
        Load(Buffers.Pattern(Length, seed: 21));
        Edu.Dispose();
        BeforeTheWrite.Stop(buffer =>
        {
            Assert.That(() =>
            {
                using var edu = EduDevice.Open();
                var mapping = edu.Device.Import(buffer, DmaDirection.FromDevice); // in nobody's using
                var lease = mapping.BeginTransfer(0, Length);
                edu.Start(EduTransfer.FromDevice, lease.Address, Length);
                throw new Planned();
            }, Throws.InstanceOf<Planned>());

            Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.Zero);
            using var again = EduDevice.Open();
            Assert.That(again.IsBusy, Is.False);
        });
    }

    [Test]
    public void Ending_a_mapping_waits_for_its_transfer()
    {
        var pattern = Buffers.Pattern(Length, seed: 22);
        Load(pattern);
        using var buffer = DmaHeap.Cma.Allocate(4096);
        var mapping = Edu.Device.Import(buffer, DmaDirection.FromDevice);
        using var begun = new ManualResetEventSlim();
        var copying = Task.Factory.StartNew(
            () =>
            {
                using var lease = mapping.BeginTransfer(0, Length);
                Edu.Start(EduTransfer.FromDevice, lease.Address, Length);
                begun.Set();
                Assert.That(Edu.TryWaitForCompletion(s_soon, out _), Is.True);
                lease.Complete();
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.That(begun.Wait(s_soon), Is.True);

        mapping.Dispose();

        Assert.That(copying.Wait(s_soon), Is.True);
        Assert.That(Buffers.Read(buffer, Length), Is.EqualTo(pattern));
    }

    [Test]
    public void Ending_a_mapping_stops_the_device_when_its_transfer_does_not_end()
    {
        Load(Buffers.Pattern(Length, seed: 23));
        Reopen(new UioOpenOptions { TransferTimeout = TimeSpan.Zero });
        BeforeTheWrite.Stop(buffer =>
        {
            var mapping = Edu.Device.Import(buffer, DmaDirection.FromDevice);
            var lease = mapping.BeginTransfer(0, Length);
            Edu.Start(EduTransfer.FromDevice, lease.Address, Length);

            mapping.Dispose();

            Assert.That(Edu.IsBusy, Is.False);
            Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.Zero);
            Assert.That(() => lease.Address, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(lease.IsUnderWay, Is.False);
            Assert.That(lease.TryComplete(), Is.False);
            Assert.That(lease.Complete, Throws.InstanceOf<TransferStoppedException>());
            lease.Dispose();
            Assert.That(lease.Complete, Throws.Nothing, "it has been ended");
        });
    }

    // Longer than what Monitor and its like can wait at a time: 2^31 ms.
    [Test]
    public void A_timeout_of_months_is_kept()
    {
        Reopen(new UioOpenOptions { TransferTimeout = TimeSpan.MaxValue });
        using var buffer = DmaHeap.Cma.Allocate(4096);
        var mapping = Edu.Device.Import(buffer, DmaDirection.FromDevice);
        var lease = mapping.BeginTransfer(0, Length);
        var ending = Task.Factory.StartNew(mapping.Dispose, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.That(ending.Wait(TimeSpan.FromMilliseconds(200)), Is.False, "it waits for the transfer");

        lease.Complete();

        Assert.That(ending.Wait(s_soon), Is.True);
        Assert.That(() => OpenDevice(new UioOpenOptions { TransferTimeout = TimeSpan.FromTicks(-1) }),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_device_that_cannot_be_stopped_keeps_its_buffer_until_it_is_closed()
    {
        using var buffer = DmaHeap.Cma.Allocate(4096);
        using var log = new EventLog();
        var mapping = Edu.Device.Import(buffer, DmaDirection.FromDevice);
        Edu.Device.Quiesce = () => throw new TimeoutException("it goes on and on");
        var lease = mapping.BeginTransfer(0, Length);
        lease.Dispose();

        var error = Assert.Throws<UioException>(mapping.End)!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Errno, Is.EqualTo(LibCErrno.EBUSY));
            Assert.That(error.InnerException, Is.InstanceOf<TimeoutException>());
            Assert.That(error.Message, Does.Contain("it goes on and on").And.Contains(Edu.Device.Info.DevicePath));
            Assert.That(log.Of("QuiesceFailed"), Has.Count.EqualTo(2), "the lease's attempt and the mapping's");
            Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.EqualTo(1), "pinned");
            Assert.That(() => { buffer.BeginAccess(CpuAccessMode.Read); }, Throws.InvalidOperationException, "the device may be writing");
            Assert.That(mapping.HasEnded, Is.False);
        }

        Edu.Dispose();
        Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.Zero);
        buffer.BeginAccess(CpuAccessMode.Read).Dispose();
    }

    [Test]
    public void Transfers_that_are_given_up_together_stop_the_device_once()
    {
        var runs = 0;
        using var buffer = DmaHeap.Cma.Allocate(4096);
        using var mapping = Edu.Device.Import(buffer, DmaDirection.FromDevice);
        Edu.Device.Quiesce = () =>
        {
            runs++;
            throw new TimeoutException("it goes on and on");
        };
        var leases = Enumerable.Range(0, 3).Select(i => mapping.BeginTransfer(i, 1)).ToArray();

        foreach (var lease in leases)
            lease.Dispose();
        Assert.That(runs, Is.EqualTo(1));

        mapping.BeginTransfer(3, 1).Dispose();
        Assert.That(runs, Is.EqualTo(2), "one that began after the attempt is another matter");

        Edu.Device.Quiesce = Edu.Quiesce;
        mapping.Dispose();
        Buffers.Read(buffer, 1);
    }

    [Test]
    public void Without_a_way_to_stop_the_device_a_transfer_that_was_given_up_keeps_the_buffer()
    {
        Reopen(new UioOpenOptions { TransferTimeout = TimeSpan.FromMilliseconds(1) });
        using var buffer = DmaHeap.Cma.Allocate(4096);
        Edu.Device.Quiesce = null;
        var mapping = Edu.Device.Import(buffer, DmaDirection.FromDevice);
        mapping.BeginTransfer(0, Length);

        var error = Assert.Throws<UioException>(mapping.End)!;

        Assert.That(error.Remedy, Does.Contain("Quiesce"));
        Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.EqualTo(1));
    }

    [Test, Category(Needs.Handles)]
    public void Without_a_way_to_stop_it_a_device_that_was_unbound_is_let_go_at_once()
    {
        Reopen(new UioOpenOptions { TransferTimeout = TimeSpan.FromDays(1) });
        using var buffer = DmaHeap.Cma.Allocate(4096);
        using var log = new EventLog();
        Edu.Device.Quiesce = null;
        Edu.Device.Import(buffer, DmaDirection.FromDevice).BeginTransfer(0, Length);
        UnderTest.Unbind();

        var closing = Task.Factory.StartNew(Edu.Dispose, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        Assert.That(closing.Wait(s_soon), Is.True);
        Assert.That(log.Of("QuiesceFailed"), Is.Empty);
        buffer.BeginAccess(CpuAccessMode.ReadWrite).Dispose();
    }

    // uio_pci_generic switches it off whenever any file of the device is closed, and edu says that it is done all the same.
    [Test]
    public void A_copy_switches_bus_mastering_on_again()
    {
        var pattern = Buffers.Pattern(Length, seed: 29);
        Load(pattern);
        using var buffer = DmaHeap.Cma.Allocate(4096);
        using var mapping = Edu.Device.Import(buffer, DmaDirection.FromDevice);
        Edu.Pci.BusMaster = false;

        Edu.CopyFromDevice(mapping, 0, Length, Timeout);

        Assert.That(Buffers.Read(buffer, Length), Is.EqualTo(pattern));
    }

    [Test]
    public async Task A_transfer_with_bus_mastering_off_is_an_error()
    {
        Load(Buffers.Pattern(Length, seed: 30));
        await BeforeTheWrite.StopAsync(async buffer =>
        {
            using var mapping = Edu.Device.Import(buffer, DmaDirection.FromDevice);
            var copy = Edu.CopyFromDeviceAsync(mapping, 0, Length, Timeout).AsTask();
            Edu.Pci.BusMaster = false;
            await Task.WhenAny(copy);

            if (BeforeTheWrite.IsUntouched(buffer))
                await Assert.ThatAsync(() => copy, Throws.InstanceOf<IOException>().With.Message.Contains("could not reach memory"));
        });

        using var after = DmaHeap.Cma.Allocate(4096);
        using var usable = Edu.Device.Import(after, DmaDirection.FromDevice);
        Edu.CopyFromDevice(usable, 0, Length, Timeout);
    }

    [Test]
    public void Closing_brings_the_device_to_rest_while_it_can_still_be_used_for_that()
    {
        var runs = 0;
        uint identification = 0;
        Exception? elsewhere = null;
        var device = Edu.Device;
        var registers = device.Registers;
        device.Quiesce = () =>
        {
            runs++;
            identification = registers.Read32(0);
            device.EnableInterrupt();
            device.TryWaitForInterrupt(TimeSpan.Zero, out _);
            elsewhere = Task.Run(() => device.TryWaitForInterrupt(TimeSpan.Zero, out _)).ContinueWith(task =>
                task.Exception?.InnerException, TaskScheduler.Default).Result;
        };

        device.Dispose();
        device.Dispose();

        Assert.That(runs, Is.EqualTo(1));
        Assert.That(identification, Is.EqualTo(0x010000edu));
        Assert.That(elsewhere, Is.InstanceOf<ObjectDisposedException>(), "other threads are out");
    }

    [Test]
    public void Several_threads_may_dispose_everything_at_once()
    {
        for (var round = 0; round < 10; round++)
        {
            Reopen(new UioOpenOptions());
            using var buffer = DmaHeap.Cma.Allocate(4096);
            var mappings = new[] { Edu.Device.Import(buffer, DmaDirection.FromDevice) };
            var runs = 0;
            Edu.Device.Quiesce = () => Interlocked.Increment(ref runs);
            Action[] ends = [Edu.Dispose, mappings[0].Dispose, Edu.Dispose, mappings[0].Dispose];
            using var start = new Barrier(ends.Length);

            var tasks = ends.Select(end => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait(s_soon);
                    end();
                },
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();

            Assert.That(Task.WaitAll(tasks, s_soon), Is.True);
            Assert.That(runs, Is.EqualTo(1));
            Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.Zero);
        }
    }

    [Test]
    public void The_CPU_and_a_transfer_are_not_in_a_buffer_together()
    {
        using var buffer = DmaHeap.Cma.Allocate(8192);
        using var mapping = Edu.Device.Import(buffer, DmaDirection.Bidirectional);

        using (buffer.BeginAccess(CpuAccessMode.Read, 0, 4096))
        {
            Assert.That(() => mapping.BeginTransfer(4095, 1), Throws.InvalidOperationException, "the same bytes");
            mapping.BeginTransfer(4096, 4096).Complete();
        }

        using (buffer.BeginAccess(CpuAccessMode.Write, 0, 16))
            Assert.That(() => mapping.BeginTransfer(4096, 4096), Throws.InvalidOperationException,
                "the end of a scope that writes syncs all");

        var lease = mapping.BeginTransfer(0, 4096);
        Assert.That(() => { buffer.BeginAccess(CpuAccessMode.Read, 0, 1); }, Throws.InvalidOperationException);
        Assert.That(() => { buffer.BeginAccess(CpuAccessMode.Write, 4096, 1); }, Throws.InvalidOperationException);
        buffer.BeginAccess(CpuAccessMode.Read, 4096, 1).Dispose();

        lease.Complete();
        buffer.BeginAccess(CpuAccessMode.ReadWrite).Dispose();
    }

    [TestCase(-1, 1)]
    [TestCase(0, 0)]
    [TestCase(0, -1)]
    [TestCase(0, 4097)]
    [TestCase(4096, 1)]
    [TestCase(long.MaxValue, long.MaxValue)]
    public void A_transfer_outside_of_the_mapping_is_refused(long offset, long length)
    {
        using var buffer = DmaHeap.Cma.Allocate(4096);
        using var mapping = Edu.Device.Import(buffer, DmaDirection.FromDevice);

        Assert.That(() => mapping.BeginTransfer(offset, length), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_mapping_that_has_ended_begins_no_transfer()
    {
        using var buffer = DmaHeap.Cma.Allocate(4096);
        var mapping = Edu.Device.Import(buffer, DmaDirection.FromDevice);
        mapping.Dispose();

        Assert.That(() => mapping.BeginTransfer(0, 1), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => default(TransferLease).Address, Throws.InvalidOperationException);
        default(TransferLease).Complete();
        default(TransferLease).Dispose();
    }

    [Test]
    public void A_timeout_stops_the_device_and_its_buffer_is_safe()
    {
        Load(Buffers.Pattern(Length, seed: 24));
        BeforeTheWrite.Stop(buffer =>
        {
            using var mapping = Edu.Device.Import(buffer, DmaDirection.FromDevice);

            Assert.That(() => Edu.CopyFromDevice(mapping, 0, Length, TimeSpan.Zero), Throws.InstanceOf<TimeoutException>());

            Assert.That(Edu.IsBusy, Is.False);
        });

        using var other = DmaHeap.Cma.Allocate(4096);
        using var to = Edu.Device.Import(other, DmaDirection.FromDevice);
        Assert.That(Edu.CopyFromDevice(to, 0, Length, Timeout).SinceLastWait, Is.EqualTo(1), "and it works again");
    }

    [Test]
    public async Task Copies_that_are_awaited_arrive()
    {
        var pattern = Buffers.Pattern(Length, seed: 25);
        using var source = DmaHeap.Cma.Allocate(4096);
        Buffers.Fill(source, pattern);
        using var destination = DmaHeap.Cma.Allocate(4096);
        using var from = Edu.Device.Import(source, DmaDirection.ToDevice);
        using var to = Edu.Device.Import(destination, DmaDirection.FromDevice);

        var read = await Edu.CopyToDeviceAsync(from, 0, Length, Timeout);
        var written = await Edu.CopyFromDeviceAsync(to, 0, Length, Timeout);

        Assert.That((read.SinceLastWait, written.SinceLastWait), Is.EqualTo((1u, 1u)));
        Assert.That(Buffers.Read(destination, Length), Is.EqualTo(pattern));
    }

    [Test]
    public async Task A_copy_that_is_cancelled_stops_the_device_and_its_buffer_is_safe()
    {
        Load(Buffers.Pattern(Length, seed: 26));
        await BeforeTheWrite.StopAsync(async buffer =>
        {
            using var mapping = Edu.Device.Import(buffer, DmaDirection.FromDevice);
            using var cancel = new CancellationTokenSource();
            var copy = Edu.CopyFromDeviceAsync(mapping, 0, Length, Timeout, token: cancel.Token).AsTask();

            await cancel.CancelAsync();

            try
            {
                await copy;
            }
            catch (OperationCanceledException)
            {
                Assert.That(Edu.IsBusy, Is.False);
            }
        });

        using var other = DmaHeap.Cma.Allocate(4096);
        using var to = Edu.Device.Import(other, DmaDirection.FromDevice);
        Assert.That(Edu.CopyFromDevice(to, 0, Length, Timeout).SinceLastWait, Is.EqualTo(1), "and it works again");
    }

    [Test]
    public void Transfers_and_scopes_allocate_nothing()
    {
        const int rounds = 1000;
        using var buffer = DmaHeap.Cma.Allocate(4096);
        using var mapping = Edu.Device.Import(buffer, DmaDirection.Bidirectional);
        Run(100);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Run(rounds);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);

        void Run(int count)
        {
            for (var i = 0; i < count; i++)
            {
                using (var cpu = buffer.BeginAccess(CpuAccessMode.Write, 0, 64))
                    cpu.Span[0] = 1;
                using var lease = mapping.BeginTransfer(0, 64);
                _ = lease.Address;
                lease.Complete();
            }
        }
    }

    private void Reopen(UioOpenOptions options)
    {
        Edu.Dispose();
        OpenDevice(options);
    }
}
