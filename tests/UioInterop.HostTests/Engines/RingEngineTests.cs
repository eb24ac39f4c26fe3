using NUnit.Framework;

namespace UioInterop.HostTests.Engines;

/// <summary>Rings: whose a part is, what was overrun, and what ends them.</summary>
internal sealed class RingEngineTests : EngineTest
{
    private DmaMapping[] _mappings = null!;

    [SetUp]
    public void Prepare()
    {
        _mappings = [.. Enumerable.Range(0, 3).Select(_ => Fake.Import())];
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Parts_come_in_their_order_and_are_lent(bool blocks)
    {
        var ring = Begin();
        for (var i = 0; i < 7; i++)
        {
            var receive = blocks ? Task.Run(() => ring.Receive(s_timeout)) : ring.ReceiveAsync(s_timeout).AsTask();
            Fill(ring, 1);

            using var part = await receive.WaitAsync(s_timeout);

            Assert.That((part.Index, part.Length, part.Mapping), Is.EqualTo((i % 3, 100L + i % 3, _mappings[i % 3])));
            Assert.That(_mappings.Select(mapping => mapping.CanEnd), Is.EqualTo(Enumerable.Range(0, 3).Select(j => j == i % 3)),
                "only the part that is lent");
        }

        Assert.That(ring.Returned, Is.EqualTo((int[])[0, 1, 2, 0, 1, 2, 0]));
        Assert.That(ring.Overruns, Is.Zero);
    }

    [Test]
    public async Task Parts_that_come_back_out_of_order_are_given_back_in_order()
    {
        var ring = Begin();
        Fill(ring, 3);
        var parts = new RingPart[3];
        for (var i = 0; i < 3; i++)
            parts[i] = await ring.ReceiveAsync(s_timeout);

        parts[2].Dispose();
        parts[1].Dispose();
        parts[1].Dispose();
        Assert.That(ring.Returned, Is.Empty);
        parts[0].Dispose();
        parts[0].Dispose();

        Assert.That(ring.Returned, Is.EqualTo((int[])[0, 1, 2]));
    }

    [Test]
    public async Task A_cyclic_ring_counts_what_it_wrote_again_before_it_was_taken()
    {
        var ring = Begin(isCyclic: true);
        Fill(ring, 7);

        var part = await ring.ReceiveAsync(s_timeout);

        Assert.That((part.Index, ring.Overruns), Is.EqualTo((5 % 3, 5L)), "the engine writes the eighth, and the last two are whole");
        Assert.That(ring.IsIntact(1, 5), Is.True);
        Fill(ring, 1);
        Assert.That(ring.IsIntact(1, 5), Is.False, "it has come round");
        part.Dispose();
        Assert.That(ring.Returned, Is.Empty);
        Assert.That(_mappings.Select(mapping => mapping.CanEnd), Has.All.False, "it may write all of them at any time");
    }

    [Test]
    public async Task A_wait_that_ends_without_a_part_leaves_the_ring_running()
    {
        var ring = Begin();
        using var cancel = new CancellationTokenSource(s_short);

        Assert.That(async () => await ring.ReceiveAsync(s_short), Throws.InstanceOf<TimeoutException>());
        Assert.That(() => ring.Receive(s_short), Throws.InstanceOf<TimeoutException>());
        Assert.That(async () => await ring.ReceiveAsync(s_timeout, cancel.Token), Throws.InstanceOf<OperationCanceledException>());

        Fill(ring, 1);
        Assert.That((await ring.ReceiveAsync(s_timeout)).Index, Is.Zero);
        Assert.That(ring.Resets, Is.EqualTo(1));
    }

    [Test]
    public void The_end_of_a_ring_frees_all_parts_and_it_can_begin_again()
    {
        var ring = Begin();
        Assert.That(() => ring.Begin(Parts()), Throws.InvalidOperationException.With.Message.Contains("runs already"));

        ring.End();
        ring.End();

        Assert.That(_mappings.Select(mapping => mapping.CanEnd), Has.All.True);
        Assert.That(() => ring.Receive(s_timeout), Throws.InstanceOf<TransferStoppedException>());
        ring.Begin(Parts());
        Fill(ring, 1);
        Assert.That(ring.Receive(s_timeout).Index, Is.Zero);
    }

    // Without an interrupt, too: the end asks the engine once more.
    [TestCase(false)]
    [TestCase(true)]
    public async Task Parts_filled_before_the_end_can_still_be_received(bool interrupts)
    {
        var ring = Begin();
        ring.Fill(2);
        if (interrupts)
            Fake.Interrupt();

        ring.End();

        for (var i = 0; i < 2; i++)
        {
            using var part = await ring.ReceiveAsync(s_timeout);
            Assert.That((part.Index, part.Mapping.CanEnd), Is.EqualTo((i, true)));
        }
        Assert.That(() => ring.Receive(s_timeout), Throws.InstanceOf<TransferStoppedException>());
        Assert.That(ring.Returned, Is.Empty);
    }

    [Test]
    public async Task A_part_of_an_earlier_ring_is_not_given_to_this()
    {
        var ring = Begin();
        Fill(ring, 1);
        var part = await ring.ReceiveAsync(s_timeout);
        ring.End();
        ring.Begin(Parts());

        part.Dispose();

        Assert.That(ring.Returned, Is.Empty);
    }

    [Test]
    public async Task An_error_ends_the_ring_and_fails_the_receive()
    {
        var ring = Begin();
        var receive = ring.ReceiveAsync(s_timeout).AsTask();

        ring.Fails = true;
        Fake.Interrupt();

        Assert.That(async () => await receive.WaitAsync(s_timeout),
            Throws.InstanceOf<IOException>().With.Message.Contains("reports an error"));
        Assert.That(_mappings.Select(mapping => mapping.CanEnd), Has.All.True);
        ring.Fails = false;
        ring.Begin(Parts());
        Fill(ring, 1);
        await ring.ReceiveAsync(s_timeout);
    }

    [Test]
    public async Task A_stop_of_its_domain_ends_the_ring()
    {
        var domain = new StopDomain();
        var sibling = new FakeEngine(Session, at: 0x100, domain);
        var ring = Begin(domain: domain);
        var receive = ring.ReceiveAsync(s_timeout).AsTask();

        sibling.Quiesce();

        var error = (await Assert.ThrowsAsync<TransferStoppedException>(async () => await receive.WaitAsync(s_timeout)))!;
        Assert.That(error.Message, Does.Contain("shares its reset"));
        Assert.That(_mappings.Select(mapping => mapping.CanEnd), Has.All.True);
    }

    [Test]
    public void The_end_of_the_device_ends_the_ring()
    {
        var ring = Begin();
        var receive = ring.ReceiveAsync(Timeout.InfiniteTimeSpan).AsTask();

        Session.Dispose();

        Assert.That(async () => await receive.WaitAsync(s_timeout), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(Fake.Imports.Attached, Is.Zero);
    }

    [Test]
    public void Invalid_parts_are_refused()
    {
        var ring = new FakeRing(Session, isCyclic: false);

        Assert.That(() => ring.Begin(Parts()[..1]), Throws.ArgumentException);
        Assert.That(() => ring.Begin([default, default]), Throws.ArgumentNullException);
        Assert.That(() => ring.Begin([new(_mappings[0], 0, 1), new(_mappings[1], 0, 5000)]),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => ring.Receive(s_timeout), Throws.InvalidOperationException.With.Message.Contains("does not run"));
        using var outgoing = Fake.Import(DmaDirection.ToDevice);
        Assert.That(() => ring.Begin([new(_mappings[0], 0, 1), new(outgoing, 0, 1)]), Throws.ArgumentException);
        Assert.That(_mappings.Select(mapping => mapping.CanEnd), Has.All.True);
    }

    private FakeRing Begin(bool isCyclic = false, StopDomain? domain = null)
    {
        var ring = new FakeRing(Session, isCyclic, domain);
        ring.Begin(Parts());
        return ring;
    }

    private TransferPart[] Parts() => [.. _mappings.Select(mapping => new TransferPart(mapping, 0, mapping.Length))];

    private void Fill(FakeRing ring, int count)
    {
        ring.Fill(count);
        Fake.Interrupt();
    }
}
