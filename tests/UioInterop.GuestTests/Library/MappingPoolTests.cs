using System.Text.RegularExpressions;
using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

/// <summary>A pool, as its users and the kernel see it.</summary>
[Category(Needs.Edu), Category(Needs.Import)]
internal sealed class MappingPoolTests
{
    private const int Length = 4096;
    private static readonly TimeSpan s_timeout = Bound.Long;

    private UioDevice _device = null!;
    private int _buffers;

    private static int Attachments => DmaBufTable.AttachmentsOf(UnderTest.Name);

    [SetUp]
    public void Open()
    {
        UnderTest.Bind();
        _buffers = Settled.Buffers;
        _device = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name), new UioOpenOptions
            { TransferTimeout = TimeSpan.FromMilliseconds(1) });
    }

    [TearDown]
    public void Close()
    {
        _device.Dispose();
        Assert.That((Attachments, DmaBufTable.Buffers), Is.EqualTo((0, _buffers)), "attachments and buffers left");
    }

    [Test]
    public void Thousands_of_rents_attach_nothing_and_allocate_nothing()
    {
        using var pool = Pool(capacity: 4);
        Assert.That((Attachments, pool.Available), Is.EqualTo((4, 4)), "imported before the first rent");

        var allocated = Allocations.Of(() =>
        {
            for (var i = 0; i < 2000; i++)
            {
                using var first = pool.Rent(TimeSpan.Zero);
                using var second = RentNow(pool);
                using (var cpu = first.Buffer.BeginAccess(CpuAccessMode.Write))
                    cpu.Span[0] = (byte)i;
                using var lease = second.Mapping.BeginTransfer(0, Length);
                lease.Complete();
            }
        });

        Assert.That(allocated, Is.Zero);
        Assert.That((Attachments, DmaBufTable.Buffers), Is.EqualTo((4, _buffers + 4)));
    }

    [Test]
    public void Rented_buffers_are_reused_and_keep_their_content()
    {
        using var pool = Pool(capacity: 1);
        DeviceAddress address;
        using (var rented = pool.Rent(TimeSpan.Zero))
        {
            address = rented.Mapping.Address;
            Buffers.Fill(rented.Buffer, [1, 2, 3]);
        }

        using var again = pool.Rent(TimeSpan.Zero);
        Assert.That(again.Mapping.Address, Is.EqualTo(address));
        Assert.That(again.Mapping.Direction, Is.EqualTo(DmaDirection.Bidirectional));
        Assert.That(Buffers.Read(again.Buffer, 3), Is.EqualTo(new byte[] { 1, 2, 3 }), "not zeroed");
    }

    [Test]
    public async Task When_all_are_rented_a_rent_waits_for_one_or_for_its_time()
    {
        using var pool = Pool(capacity: 1);
        var rented = pool.Rent(TimeSpan.Zero);
        using var cancel = new CancellationTokenSource();

        Assert.That(() => pool.Rent(TimeSpan.FromMilliseconds(1)), Throws.InstanceOf<TimeoutException>());
        Assert.That(async () => await pool.RentAsync(TimeSpan.FromMilliseconds(1)), Throws.InstanceOf<TimeoutException>());

        var cancelled = pool.RentAsync(s_timeout, cancel.Token);
        await cancel.CancelAsync();
        Assert.That(async () => await cancelled, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(async () => await pool.RentAsync(s_timeout, cancel.Token), Throws.InstanceOf<OperationCanceledException>());

        var first = pool.RentAsync(s_timeout);
        var second = Task.Run(() => pool.Rent(s_timeout));
        Assert.That((first.IsCompleted, second.IsCompleted), Is.EqualTo((false, false)));
        rented.Dispose();
        // One of them has it, and the other gets it then.
        var task = first.AsTask();
        var winner = await Task.WhenAny(task, second).WaitAsync(s_timeout);
        (await winner).Dispose();
        (await (winner == task ? second : task).WaitAsync(s_timeout)).Dispose();
        Assert.That(pool.Available, Is.EqualTo(1), "nothing is lost of waits that ended otherwise");
    }

    [Test]
    public void A_rent_is_over_once_through_whichever_copy()
    {
        using var pool = Pool(capacity: 1);
        var rented = pool.Rent(TimeSpan.Zero);
        var copy = rented;
        copy.Dispose();
        Assert.That(() => rented.Mapping, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => rented.Buffer, Throws.InstanceOf<ObjectDisposedException>());

        using var next = pool.Rent(TimeSpan.Zero);
        rented.Dispose();

        Assert.That(next.Mapping, Is.Not.Null, "it is still the next one's");
        Assert.That(pool.Available, Is.Zero);
        Assert.That(() => default(RentedMapping).Mapping, Throws.InvalidOperationException);
        Assert.That(default(RentedMapping).Dispose, Throws.Nothing);
        Assert.That((rented == copy, rented == next, rented.Equals((object)copy)), Is.EqualTo((true, false, true)));
    }

    [Test]
    public void It_is_not_given_back_under_a_scope_of_the_CPU()
    {
        using var pool = Pool(capacity: 1);
        var rented = pool.Rent(TimeSpan.Zero);
        using (rented.Buffer.BeginMemoryAccess(CpuAccessMode.Write))
            Assert.That(rented.Dispose, Throws.InvalidOperationException);

        Assert.That(pool.Available, Is.Zero, "still rented");
        rented.Dispose();
        Assert.That(pool.Available, Is.EqualTo(1));
    }

    [Test]
    public void One_in_transfer_is_taken_from_the_device_and_replaced()
    {
        var stops = 0;
        _device.Quiesce = () => stops++;
        using var pool = Pool(capacity: 1);
        var rented = pool.Rent(TimeSpan.Zero);
        var mapping = rented.Mapping;
        mapping.BeginTransfer(0, Length);

        rented.Dispose();

        Assert.That((stops, Attachments), Is.EqualTo((1, 0)), "stopped, then detached");
        Assert.That(() => mapping.Address, Throws.InstanceOf<ObjectDisposedException>());
        using var next = pool.Rent(TimeSpan.Zero);
        Assert.That(next.Mapping, Is.Not.SameAs(mapping));
        Assert.That(next.Mapping.Address.Value, Is.Not.Zero);
        Assert.That((Attachments, DmaBufTable.Buffers), Is.EqualTo((1, _buffers + 1)));
    }

    [Test]
    public void A_buffer_whose_transfer_was_given_up_earlier_is_rented_again()
    {
        var stops = 0;
        _device.Quiesce = () => stops++;
        using var pool = Pool(capacity: 1);
        DmaMapping mapping;
        using (var rented = pool.Rent(TimeSpan.Zero))
        using (rented.Mapping.BeginTransfer(0, Length))
            mapping = rented.Mapping;

        using var next = pool.Rent(TimeSpan.Zero);
        Assert.That(stops, Is.EqualTo(1));
        Assert.That(next.Mapping, Is.SameAs(mapping));
    }

    [Test]
    public void A_rented_buffer_that_cannot_be_taken_from_the_device_stays_with_it()
    {
        _device.Quiesce = () => throw new TimeoutException("it does not stop");
        using var pool = Pool(capacity: 1);
        var rented = pool.Rent(TimeSpan.Zero);
        rented.Mapping.BeginTransfer(0, Length);

        var failures = new List<string>();
        _device.Failed += (_, failed) => failures.Add(failed.Exception.Message);

        rented.Dispose();

        Assert.That(failures, Has.Some.Contains("it does not stop"));

        Assert.That(Attachments, Is.EqualTo(1), "the device may still write there");
        using var next = pool.Rent(TimeSpan.Zero);
        Assert.That(Attachments, Is.EqualTo(2), "another one");
        _device.Quiesce = null;
    }

    [Test]
    public void Disposing_the_pool_ends_waits_and_idle_buffers_and_leaves_rented_ones()
    {
        var pool = Pool(capacity: 3);
        var rented = pool.Rent(TimeSpan.Zero);
        using (pool.Rent(TimeSpan.Zero))
        {
            var third = pool.Rent(TimeSpan.Zero);
            var blocked = Task.Run(() => pool.Rent(s_timeout));
            var waiting = pool.RentAsync(s_timeout).AsTask();
            Assert.That(() => Task.WhenAny(blocked, waiting).WaitAsync(TimeSpan.FromMilliseconds(20)),
                Throws.InstanceOf<TimeoutException>());

            pool.Dispose();
            pool.Dispose();

            Assert.That(() => blocked.WaitAsync(s_timeout), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => waiting.WaitAsync(s_timeout), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => pool.Rent(TimeSpan.Zero), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(Attachments, Is.EqualTo(3), "all are rented");
            rented.Mapping.BeginTransfer(0, Length).Complete();
            third.Dispose();
            Assert.That(Attachments, Is.EqualTo(2));
        }

        Assert.That(Attachments, Is.EqualTo(1));
        rented.Dispose();
        Assert.That((Attachments, DmaBufTable.Buffers), Is.EqualTo((0, _buffers)));
    }

    [Test]
    public void Disposing_the_pool_ends_idle_buffers()
    {
        var pool = Pool(capacity: 3);
        pool.Dispose();
        Assert.That((Attachments, DmaBufTable.Buffers), Is.EqualTo((0, _buffers)));
    }

    [Test]
    public void An_open_scope_on_one_pooled_buffer_does_not_keep_the_others()
    {
        var pool = Pool(capacity: 3);
        DmaBuf kept;
        using (var rented = pool.Rent(TimeSpan.Zero))
            kept = rented.Buffer;
        var failures = new List<Exception>();
        _device.Failed += (_, failed) => failures.Add(failed.Exception);

        using (kept.BeginAccess(CpuAccessMode.Read))
            Assert.That(pool.Dispose, Throws.Nothing);

        Assert.That((Attachments, DmaBufTable.Buffers), Is.EqualTo((0, _buffers + 1)));
        Assert.That(failures, Is.All.InstanceOf<InvalidOperationException>().And.Exactly(1).Items);
        kept.Dispose();
        Assert.That(DmaBufTable.Buffers, Is.EqualTo(_buffers));
    }

    [Test]
    public void Disposing_the_device_first_is_told_and_leaves_nothing()
    {
        using var pool = Pool(capacity: 2);
        var rented = pool.Rent(TimeSpan.Zero);

        _device.Dispose();

        Assert.That(() => rented.Mapping.Address, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(rented.Dispose, Throws.Nothing);
        Assert.That(() => pool.Rent(TimeSpan.Zero), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(pool.Available, Is.EqualTo(2));
    }

    [Test]
    public void A_rented_buffer_that_was_disposed_is_replaced()
    {
        using var pool = Pool(capacity: 1);
        using (var rented = pool.Rent(TimeSpan.Zero))
            rented.Mapping.Dispose();
        using (var rented = pool.Rent(TimeSpan.Zero))
            rented.Buffer.Dispose();

        using var next = pool.Rent(TimeSpan.Zero);
        Buffers.Fill(next.Buffer, [1]);
        Assert.That(next.Mapping.Address.Value, Is.Not.Zero);
        Assert.That((Attachments, DmaBufTable.Buffers), Is.EqualTo((1, _buffers + 1)));
    }

    // A bounce buffer is no longer than this, and CMA areas have less than a thousand of them.
    private const long LargestToBounce = 256 << 10;

    [Test]
    public void A_pool_that_cannot_be_filled_leaves_nothing_behind()
    {
        KernelLogCheckAttribute.Expect(new Regex("^cma: .*alloc failed"));
        var error = Assert.Throws<UioException>(() =>
            new DmaMappingPool(_device, DmaHeap.Cma, LargestToBounce, DmaDirection.FromDevice, capacity: 1000))!;
        Assert.That(error.Errno, Is.EqualTo(LibC.ENOMEM));
        Assert.That((Attachments, DmaBufTable.Buffers), Is.EqualTo((0, _buffers)));

        Assert.That(() => new DmaMappingPool(_device, DmaHeap.Cma, 0, DmaDirection.FromDevice, 1),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new DmaMappingPool(_device, DmaHeap.Cma, 1, DmaDirection.FromDevice, 0),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Two_threads_never_have_the_same_one()
    {
        const int Threads = 4, Rounds = 500;
        using var pool = Pool(capacity: 2);
        var users = new Dictionary<DmaMapping, int>();
        var shared = 0;

        Parallel.For(0, Threads, new ParallelOptions { MaxDegreeOfParallelism = Threads }, _ =>
        {
            for (var i = 0; i < Rounds; i++)
            {
                using var rented = pool.Rent(s_timeout);
                lock (users)
                    shared += (users[rented.Mapping] = users.GetValueOrDefault(rented.Mapping) + 1) - 1;
                Thread.Yield();
                lock (users)
                    users[rented.Mapping]--;
            }
        });

        Assert.That((shared, users.Count, pool.Available), Is.EqualTo((0, 2, 2)));
    }

    private DmaMappingPool Pool(int capacity) => new(_device, DmaHeap.Cma, Length, DmaDirection.Bidirectional, capacity);

    private static RentedMapping RentNow(DmaMappingPool pool)
    {
        var rent = pool.RentAsync(TimeSpan.Zero);
        return rent.IsCompletedSuccessfully ? rent.Result : throw new InvalidOperationException("it waits");
    }
}
