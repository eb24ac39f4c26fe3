using NUnit.Framework;

namespace UioInterop.HostTests.Engines;

/// <summary>Engines of a device whose interrupt is not connected.</summary>
internal sealed class PollTests : EngineTest
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(1);

    private DmaMapping _mapping = null!;

    [SetUp]
    public void Prepare()
    {
        Session.PollInterval = s_interval;
        _mapping = Fake.Import();
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_transfer_is_done_without_an_interrupt(bool blocks)
    {
        var engine = new FakeEngine(Session);
        engine.Starting = () => engine.Say(FakeEngine.Done);
        for (var i = 0; i < 3; i++)
        {
            if (blocks)
                engine.Run(_mapping, s_timeout);
            else
                await engine.RunAsync(_mapping, s_timeout);
        }

        Assert.That(engine.Starts, Is.EqualTo(3));
        Assert.That(_mapping.CanEnd, Is.True);
    }

    [Test]
    public async Task A_ring_receives_without_an_interrupt()
    {
        var ring = new FakeRing(Session, isCyclic: false);
        ring.Begin([.. Enumerable.Range(0, 2).Select(_ => Fake.Import()).Select(each => new TransferPart(each, 0, each.Length))]);
        for (var i = 0; i < 5; i++)
        {
            var receive = ring.ReceiveAsync(s_timeout);
            ring.Fill(1);
            using var part = await receive;
            Assert.That(part.Index, Is.EqualTo(i % 2));
        }
    }

    [Test]
    public void A_transfer_that_is_not_done_times_out_and_the_engine_is_reset()
    {
        var engine = new FakeEngine(Session);

        Assert.That(() => engine.Run(_mapping, TimeSpan.FromMilliseconds(20)),
            Throws.InstanceOf<TimeoutException>().With.Message.Contains("was not done within 20 ms"));

        Assert.That(engine.Resets, Is.EqualTo(2));
        Assert.That(_mapping.CanEnd, Is.True);
    }

    [Test]
    public void The_end_of_the_device_ends_a_polled_transfer()
    {
        var transfer = new FakeEngine(Session).RunAsync(_mapping, Timeout.InfiniteTimeSpan).AsTask();

        Session.Dispose();

        Assert.That(async () => await transfer.WaitAsync(s_timeout), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void The_interval_is_chosen_before_the_first_transfer()
    {
        foreach (var interval in (TimeSpan[])[TimeSpan.Zero, s_interval - TimeSpan.FromTicks(1), TimeSpan.FromDays(2)])
            Assert.That(() => Session.PollInterval = interval, Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(Session.PollInterval, Is.EqualTo(s_interval));

        _ = new FakeEngine(Session);
        Session.Start();

        Assert.That(() => Session.PollInterval = null, Throws.InvalidOperationException.With.Message.Contains("before its first"));
    }
}
