using NUnit.Framework;

namespace UioInterop.HostTests.Engines;

/// <summary>What an engine's driver need not think about.</summary>
internal sealed class OneShotEngineTests : EngineTest
{
    private FakeEngine _engine = null!;
    private DmaMapping _mapping = null!;

    [SetUp]
    public void Prepare()
    {
        _engine = new FakeEngine(Session);
        _mapping = Fake.Import();
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_transfer_is_done_with_its_interrupt(bool blocks)
    {
        var transfer = Begin(blocks);
        Assert.That(_engine.Address, Is.EqualTo(_mapping.Address));
        Assert.That(_mapping.CanEnd, Is.False);

        Finish(_engine);

        Assert.That((await transfer.WaitAsync(s_timeout)).SinceLastWait, Is.EqualTo(1));
        Assert.That(_mapping.CanEnd, Is.True);
        Assert.That(_engine.Resets, Is.EqualTo(1), "when it was first used");
    }

    [Test]
    public async Task An_interrupt_that_says_not_yet_is_waited_past()
    {
        var transfer = Begin();
        _engine.Say(0);
        Fake.Interrupt();
        await Taken();
        Assert.That(transfer.IsCompleted, Is.False);

        Finish(_engine);

        await transfer.WaitAsync(s_timeout);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void An_error_of_the_engine_ends_the_transfer_and_stops_it(bool blocks)
    {
        var transfer = Begin(blocks);

        _engine.Say(FakeEngine.Error);
        Fake.Interrupt();

        Assert.That(async () => await transfer.WaitAsync(s_timeout),
            Throws.InstanceOf<IOException>().With.Message.Contains("reports an error"));
        AssertFree();
    }

    [TestCase(false)]
    [TestCase(true)]
    public void A_transfer_that_is_not_done_in_time_is_stopped(bool blocks)
    {
        var transfer = Begin(blocks, s_short);

        Assert.That(async () => await transfer.WaitAsync(s_timeout),
            Throws.InstanceOf<TimeoutException>().With.Message.Contains(nameof(FakeEngine)));
        AssertFree();
    }

    [TestCase(false)]
    [TestCase(true)]
    public void A_transfer_that_is_cancelled_is_stopped(bool blocks)
    {
        using var cancel = new CancellationTokenSource();
        var transfer = Begin(blocks, s_timeout, cancel.Token);

        cancel.Cancel();

        Assert.That(async () => await transfer.WaitAsync(s_timeout),
            Throws.InstanceOf<OperationCanceledException>().With.Property("CancellationToken").EqualTo(cancel.Token));
        AssertFree();
    }

    // The status says "done", and somebody takes the interrupt for this transfer's.
    [TestCase(false)]
    [TestCase(true)]
    public void A_transfer_that_was_stopped_is_not_done_whatever_the_engine_says(bool blocks)
    {
        var transfer = Begin(blocks);
        _engine.Resetting = () => Finish(_engine);

        _engine.Quiesce();

        Assert.That(async () => await transfer.WaitAsync(s_timeout),
            Throws.InstanceOf<TransferStoppedException>().With.Message.Contains("Quiesce was called"));
        AssertFree();
    }

    // B gives up, and the stop ends A's lease: A must not be started with it.
    [Test]
    public void A_transfer_whose_lease_a_stop_has_ended_is_not_started()
    {
        using var other = Fake.Import();
        var starts = 0;
        _engine.Beginning = () => other.BeginTransfer(0, 1).Dispose();
        _engine.Starting = () => starts++;

        Assert.That(() => _engine.Run(_mapping, s_timeout), Throws.InstanceOf<TransferStoppedException>());

        Assert.That(starts, Is.Zero);
        AssertFree();
    }

    [Test]
    public void A_lease_that_a_stop_has_ended_says_so()
    {
        using var other = Fake.Import();
        var registers = Fake.Registers;
        Fake.Device.Quiesce = () => registers.Write32(0, 0);
        var lease = _mapping.BeginTransfer(0, 4096);

        other.BeginTransfer(0, 4096).Dispose();

        Assert.That(lease.IsUnderWay, Is.False);
        Assert.That(() => lease.Address, Throws.InstanceOf<TransferStoppedException>());
        Assert.That(lease.TryComplete(), Is.False);
        Assert.That(lease.Complete, Throws.InstanceOf<TransferStoppedException>());
        lease.Dispose();
        Assert.That(lease.Complete, Throws.Nothing, "ended");
    }

    [Test]
    public async Task Each_engine_of_a_device_has_its_own_interrupt_and_its_own_wait()
    {
        var second = new FakeEngine(Session, at: 0x100);
        using var to = Fake.Import();
        var first = Begin();
        var other = second.RunAsync(to, s_timeout).AsTask();

        Finish(second);
        await other.WaitAsync(s_timeout);
        Assert.That(first.IsCompleted, Is.False);

        Finish(_engine);
        await first.WaitAsync(s_timeout);
    }

    [Test]
    public async Task A_stop_leaves_engines_of_other_domains_alone()
    {
        var second = new FakeEngine(Session, at: 0x100);
        using var to = Fake.Import();
        var other = second.RunAsync(to, s_timeout).AsTask();

        Assert.That(async () => await Begin(timeout: s_short).WaitAsync(s_timeout), Throws.InstanceOf<TimeoutException>());

        Assert.That(second.IsRunning, Is.True);
        Finish(second);
        await other.WaitAsync(s_timeout);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_stop_ends_the_transfers_of_its_domain_and_they_name_the_cause(bool onOneDevice)
    {
        using var fake = onOneDevice ? null : new FakeDevice();
        using var session = fake is null ? null : new DeviceSession(fake.Device);
        var domain = new StopDomain();
        var first = new FakeEngine(Session, at: 0x100, domain);
        var second = new FakeEngine(session ?? Session, at: 0x200, domain);
        Session.Start();
        session?.Start();
        using var to = (fake ?? Fake).Import();
        var other = second.RunAsync(to, s_timeout).AsTask();

        Assert.That(async () => await first.RunAsync(_mapping, s_short), Throws.InstanceOf<TimeoutException>());

        var error = (await Assert.ThrowsAsync<TransferStoppedException>(async () => await other.WaitAsync(s_timeout)))!;
        Assert.That(error.Message, Does.Contain("shares its reset").And.Contains("given up"));
        Assert.That(error.InnerException, Is.InstanceOf<TimeoutException>());
        Assert.That(to.CanEnd, Is.True);
        Assert.That(second.Resets, Is.EqualTo(1), "the reset of the first is enough, and would end a transfer begun since");
    }

    [Test]
    public void An_engine_does_not_join_a_domain_that_is_in_use()
    {
        var domain = new StopDomain();
        _ = new FakeEngine(Session, at: 0x100, domain);
        Session.Start();

        Assert.That(() => new FakeEngine(Session, at: 0x200, domain), Throws.InvalidOperationException);
    }

    [Test]
    public async Task Transfers_take_turns()
    {
        using var to = Fake.Import();
        var first = Begin();
        var second = _engine.RunAsync(to, s_timeout).AsTask();
        Assert.That(async () => await _engine.RunAsync(to, s_short),
            Throws.InstanceOf<TimeoutException>().With.Message.Contains("has not begun"));
        Assert.That(_engine.Address, Is.EqualTo(_mapping.Address));

        Finish(_engine);
        await first.WaitAsync(s_timeout);
        Assert.That(SpinWait.SpinUntil(() => _engine.IsRunning && _engine.Address == to.Address, s_timeout), Is.True);
        Finish(_engine);
        await second.WaitAsync(s_timeout);
    }

    [Test]
    public void Entering_again_throws()
    {
        _engine.Starting = _engine.Quiesce;
        Assert.That(() => _engine.Run(_mapping, s_timeout), Throws.InvalidOperationException.With.Message.Contains("entered again"));

        _engine.Starting = () => _engine.Run(_mapping, s_timeout);
        Assert.That(() => _engine.Run(_mapping, s_timeout), Throws.InvalidOperationException.With.Message.Contains("entered again"));
        AssertFree();
    }

    [Test]
    public async Task A_device_that_cannot_be_stopped_keeps_its_buffer_and_reports_it()
    {
        var failures = new List<Exception>();
        Fake.Device.Failed += (_, failed) => failures.Add(failed.Exception);
        var transfer = Begin(timeout: s_short);
        _engine.Resetting = () => throw new TimeoutException("it goes on and on");

        Assert.That(async () => await transfer.WaitAsync(s_timeout),
            Throws.InstanceOf<TimeoutException>().With.Message.Contains("no interrupt"));

        Assert.That(failures.Single().Message, Does.Contain("it goes on and on"));
        Assert.That(_mapping.CanEnd, Is.False);
        Assert.That(() => _engine.Run(_mapping, s_timeout), Throws.InvalidOperationException.With.Message.Contains("goes on and on"));

        _engine.Resetting = null;
        transfer = Begin();
        Finish(_engine);
        await transfer.WaitAsync(s_timeout);
        AssertFree();
    }

    [Test]
    public void Disposing_ends_transfers_that_are_under_way_and_those_that_wait()
    {
        var transfers = Enumerable.Range(0, 3).Select(_ => _engine.RunAsync(_mapping, Timeout.InfiniteTimeSpan).AsTask()).ToArray();

        Session.Dispose();

        foreach (var transfer in transfers)
            Assert.That(async () => await transfer.WaitAsync(s_timeout), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(Fake.Imports.Attached, Is.Zero);
    }

    // Whether the interrupt comes later, or is there before anybody waits for it.
    [TestCase(false, false)]
    [TestCase(false, true)]
    [TestCase(true, false)]
    [TestCase(true, true)]
    [TestCase(false, false, true)]
    public async Task A_transfer_allocates_nothing(bool blocks, bool isDoneAtOnce, bool isPolled = false)
    {
        if (isPolled)
            Session.PollInterval = TimeSpan.FromMilliseconds(1);
        if (isDoneAtOnce)
            _engine.Starting = () => Finish(_engine);

        // In small portions: while other tests run, many transfers are never all quiet.
        const int Transfers = 2, Attempts = 1000;
        using var cancel = new CancellationTokenSource();
        var ends = false;
        var hardware = new Thread(() =>
        {
            for (var done = 0; !Volatile.Read(ref ends); Thread.Yield())
            {
                if (_engine.Starts == done || isDoneAtOnce)
                    continue;
                done++;
                Finish(_engine);
            }
        });
        hardware.Start();
        try
        {
            await Allocated(500);

            // The smallest object has 24 bytes. Whoever else runs meanwhile can only add to it, so one quiet run is proof.
            var least = long.MaxValue;
            for (var i = 0; i < Attempts && least >= 12 * Transfers; i++)
                least = Math.Min(least, await Allocated(Transfers));
            Assert.That(least, Is.LessThan(12 * Transfers));
        }
        finally
        {
            Volatile.Write(ref ends, true);
            hardware.Join();
        }

        async Task<long> Allocated(int count)
        {
            var before = 0L;
            for (var i = 0; i <= count; i++)
            {
                // The first one has this method's own state put on the heap.
                if (i == 1)
                    before = GC.GetTotalAllocatedBytes(precise: true);
                if (blocks)
                    _engine.Run(_mapping, s_timeout, cancel.Token);
                else
                    await _engine.RunAsync(_mapping, s_timeout, cancel.Token).ConfigureAwait(false);
            }

            return GC.GetTotalAllocatedBytes(precise: true) - before;
        }
    }

    /// <summary>Begins a transfer, and returns when it has been started.</summary>
    private Task<InterruptCount> Begin(bool blocks = false, TimeSpan? timeout = null, CancellationToken token = default)
    {
        var transfer = blocks
            ? Task.Factory.StartNew(() => _engine.Run(_mapping, timeout ?? s_timeout, token), CancellationToken.None,
                TaskCreationOptions.LongRunning, TaskScheduler.Default)
            : _engine.RunAsync(_mapping, timeout ?? s_timeout, token).AsTask();
        Assert.That(SpinWait.SpinUntil(() => _engine.IsRunning || transfer.IsCompleted, s_timeout), Is.True, "it starts");
        return transfer;
    }

    private void Finish(FakeEngine engine)
    {
        engine.Say(FakeEngine.Done);
        if (Session.PollInterval is null)
            Fake.Interrupt();
    }

    private static async Task Taken()
    {
        for (var i = 0; i < 3; i++)
            await Task.Yield();
    }

    private void AssertFree()
    {
        Assert.That(_engine.IsRunning, Is.False);
        Assert.That(_mapping.CanEnd, Is.True);
    }
}
