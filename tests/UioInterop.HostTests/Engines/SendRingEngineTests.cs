using NUnit.Framework;

namespace UioInterop.HostTests.Engines;

/// <summary>Rings that send: whose a part is, and in which order they go.</summary>
internal sealed class SendRingEngineTests : EngineTest
{
    private const int Parts = 3;

    private FakeSendRing _ring = null!;
    private DmaMapping[] _mappings = null!;

    [SetUp]
    public void Prepare()
    {
        _mappings = [.. Enumerable.Range(0, Parts).Select(_ => Fake.Import(DmaDirection.ToDevice))];
        _ring = new FakeSendRing(Session);
        _ring.Begin([.. _mappings.Select(mapping => new TransferPart(mapping, 0, mapping.Length))]);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Parts_are_sent_in_their_order_and_are_the_engines_until_then(bool blocks)
    {
        for (var i = 0; i < 3 * Parts; i++)
        {
            using var part = blocks ? _ring.Rent(s_timeout) : await _ring.RentAsync(s_timeout);
            Assert.That((part.Index, part.Mapping, part.Length), Is.EqualTo((i % Parts, _mappings[i % Parts], 4096L)));
            Assert.That(part.Mapping.CanEnd, Is.True, "the program's");

            part.Send(10 + i);

            Assert.That(_ring.Given[^1], Is.EqualTo((i % Parts, 10L + i)));
            Assert.That(part.Mapping.CanEnd, Is.False, "the engine's");
            Finish(1);
            await _ring.FlushAsync(s_timeout);
            Assert.That(part.Mapping.CanEnd, Is.True);
        }
    }

    [Test]
    public async Task A_rent_waits_while_the_engine_has_all_parts()
    {
        for (var i = 0; i < Parts; i++)
            _ring.Rent(s_timeout).Send(1);
        Assert.That(() => _ring.Rent(s_short), Throws.InstanceOf<TimeoutException>());
        using var cancel = new CancellationTokenSource(s_short);
        Assert.That(async () => await _ring.RentAsync(s_timeout, cancel.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(async () => await _ring.FlushAsync(s_short), Throws.InstanceOf<TimeoutException>());
        var rent = _ring.RentAsync(s_timeout).AsTask();

        Finish(1);

        Assert.That((await rent.WaitAsync(s_timeout)).Index, Is.Zero);
    }

    [Test]
    public void Parts_that_are_sent_out_of_order_go_in_order()
    {
        var parts = Enumerable.Range(0, Parts).Select(_ => _ring.Rent(s_timeout)).ToArray();

        parts[2].Send(3);
        parts[1].Send(2);
        Assert.That(_ring.Given, Is.Empty);
        parts[0].Send(1);

        Assert.That(_ring.Given, Is.EqualTo(((int, long)[])[(0, 1), (1, 2), (2, 3)]));
    }

    [Test]
    public async Task A_part_that_is_disposed_unsent_is_the_next()
    {
        var first = _ring.Rent(s_timeout);
        var second = _ring.Rent(s_timeout);
        second.Send(2);
        _ring.Rent(s_timeout).Send(3);
        var rent = _ring.RentAsync(s_timeout).AsTask();

        first.Dispose();

        var again = await rent.WaitAsync(s_timeout);
        Assert.That(again.Index, Is.EqualTo(first.Index));
        Assert.That(again, Is.Not.EqualTo(first));
        first.Dispose();
        Assert.That(() => first.Send(1), Throws.InvalidOperationException.With.Message.Contains("given back"), "it is another's");
        again.Send(1);
        Assert.That(_ring.Given, Is.EqualTo(((int, long)[])[(0, 1), (1, 2), (2, 3)]));
        again.Dispose();
        Assert.That(() => _ring.Rent(s_short), Throws.InstanceOf<TimeoutException>(), "it is the engine's");
    }

    [Test]
    public void A_part_is_sent_once_and_with_bytes()
    {
        var part = _ring.Rent(s_timeout);
        foreach (var length in (long[])[0, -1, 4097])
            Assert.That(() => part.Send(length), Throws.InstanceOf<ArgumentOutOfRangeException>());

        part.Send(1);

        Assert.That(() => part.Send(1), Throws.InvalidOperationException.With.Message.Contains("has been sent"));
        Assert.That(_ring.Given, Has.Count.EqualTo(1));
    }

    [Test]
    public void After_the_end_nothing_is_sent_and_all_parts_are_free()
    {
        var kept = _ring.Rent(s_timeout);
        _ring.Rent(s_timeout).Send(1);
        Assert.That(_ring.Given, Is.Empty);
        kept.Send(1);

        _ring.End();

        Assert.That(_mappings.Select(mapping => mapping.CanEnd), Has.All.True);
        Assert.That(() => kept.Send(1), Throws.InstanceOf<TransferStoppedException>());
        Assert.That(() => _ring.Rent(s_timeout), Throws.InstanceOf<TransferStoppedException>());
        Assert.That(async () => await _ring.FlushAsync(s_timeout), Throws.InstanceOf<TransferStoppedException>());
    }

    [Test]
    public async Task An_error_ends_the_ring_even_when_parts_are_free()
    {
        _ring.Rent(s_timeout).Send(1);
        var flush = _ring.FlushAsync(s_timeout).AsTask();
        _ring.Fails = true;

        Fake.Interrupt();

        Assert.That(async () => await flush.WaitAsync(s_timeout), Throws.InstanceOf<IOException>().With.Message.Contains("error"));
        Assert.That(async () => await _ring.RentAsync(s_timeout), Throws.InstanceOf<IOException>());
        Assert.That(_mappings.Select(mapping => mapping.CanEnd), Has.All.True);
    }

    [Test]
    public void Parts_for_the_other_direction_are_refused()
    {
        _ring.End();
        var incoming = new TransferPart(Fake.Import(), 0, 1);
        Assert.That(() => _ring.Begin([incoming, incoming]), Throws.ArgumentException);
    }

    private void Finish(int count)
    {
        _ring.HasSent(count);
        Fake.Interrupt();
    }
}
