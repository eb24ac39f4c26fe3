using NUnit.Framework;

#pragma warning disable CA2012 // Waits that nobody awaits are what the tests are about.

namespace UioInterop.HostTests.Engines;

/// <summary>Asynchronous waits that nobody awaits: they end no later one, and take no interrupt.</summary>
internal sealed class InterruptWaitTests
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(50);

    private FakeDevice _fake = null!;

    [SetUp]
    public void Open() => _fake = FakeDevice.Open();

    [TearDown]
    public void Close() => _fake.Dispose();

    [Test]
    public async Task A_wait_whose_result_was_asked_for_too_early_is_given_up()
    {
        Assert.That(() => _fake.Device.WaitForInterruptAsync(s_timeout).Result,
            Throws.InvalidOperationException.With.Message.Contains("await it"));

        _fake.Interrupt();
        await Noticed();

        Assert.That(_fake.Device.TryWaitForInterrupt(s_timeout, out _), Is.True, "it took no interrupt");
        _fake.Interrupt();
        await _fake.Device.WaitForInterruptAsync(s_timeout).AsTask().WaitAsync(s_timeout);
    }

    [TestCase(20)]
    [TestCase(20_000)]
    public async Task A_wait_that_is_never_awaited_does_not_end_later_waits(int milliseconds)
    {
        _ = Forget(milliseconds);
        _fake.Interrupt();
        await Noticed();

        Assert.That(_fake.Device.TryWaitForInterrupt(s_timeout, out _), Is.True, "it took no interrupt");
        for (var i = 0; i < 2; i++)
        {
            _ = Forget(milliseconds);
            var wait = _fake.Device.WaitForInterruptAsync(s_timeout).AsTask();
            _fake.Interrupt();
            Assert.That((await wait.WaitAsync(s_timeout)).SinceLastWait, Is.EqualTo(1));
        }
    }

    [Test]
    public void A_wait_that_is_awaited_too_late_says_so()
    {
        var forgotten = Forget(20_000);
        var wait = _fake.Device.WaitForInterruptAsync(s_timeout).AsTask();

        Assert.That(async () => await forgotten, Throws.InvalidOperationException.With.Message.Contains("later one"));

        _fake.Interrupt();
        Assert.That(wait.Wait(s_timeout), Is.True);
    }

    [Test]
    public async Task A_wait_that_is_awaited_after_its_interrupt_gets_it()
    {
        var wait = Forget(20_000);
        _fake.Interrupt();
        await Noticed();

        Assert.That((await wait).SinceLastWait, Is.EqualTo(1));
    }

    [Test]
    public async Task A_wait_awaited_after_another_took_its_interrupt_goes_on_waiting()
    {
        var wait = Forget(20_000);
        _fake.Interrupt();
        await Noticed();
        Assert.That(_fake.Device.TryWaitForInterrupt(s_timeout, out _), Is.True);
        var task = wait.AsTask();
        Assert.That(task.IsCompleted, Is.False);

        _fake.Interrupt();

        Assert.That((await task.WaitAsync(s_timeout)).SinceLastWait, Is.EqualTo(1));
    }

    // The kernel's count has 32 bits.
    [TestCase(1u << 20)]
    [TestCase(1u << 31)]
    [TestCase(uint.MaxValue - (1 << 20))]
    [TestCase(uint.MaxValue)]
    public async Task The_next_wait_returns_after_any_number_of_unawaited_interrupts(uint count)
    {
        _fake.Interrupt(5);
        Assert.That(_fake.Device.TryWaitForInterrupt(s_timeout, out _), Is.True);

        _fake.Interrupt(count);
        Assert.That(_fake.Device.TryWaitForInterrupt(s_timeout, out var blocking), Is.True);
        _fake.Interrupt(count);
        var asynchronous = await _fake.Device.WaitForInterruptAsync(s_timeout).AsTask().WaitAsync(s_timeout);

        Assert.That((blocking.SinceLastWait, asynchronous.SinceLastWait), Is.EqualTo((count, count)));
    }

    // Two threads read one total after the other, and count in whichever order.
    [TestCase(5u, 7u, 3u, false)]
    [TestCase(7u, 5u, 3u, true)]
    [TestCase(5u, 5u, 3u, false)]
    [TestCase(1u, uint.MaxValue, uint.MaxValue - 2, true)]
    [TestCase(uint.MaxValue, 1u, uint.MaxValue - 2, false)]
    [TestCase(3_000_000_003u, 4u, 3u, true)]
    [TestCase(4u, 3_000_000_003u, 3u, false)]
    public void The_total_further_from_the_last_count_is_the_later_one(uint total, uint other, uint start, bool isLater) =>
        Assert.That(InterruptSource.IsLater(total, other, start), Is.EqualTo(isLater));

    private ValueTask<InterruptCount> Forget(int milliseconds) =>
        _fake.Device.WaitForInterruptAsync(TimeSpan.FromMilliseconds(milliseconds));

    /// <summary>Returns when the thread that serves all devices has been where the interrupt is: it takes one after the other.</summary>
    private static async Task Noticed()
    {
        using var other = new FakeDevice();
        var wait = other.Device.WaitForInterruptAsync(s_timeout).AsTask();
        other.Interrupt();
        await wait.WaitAsync(s_timeout);
    }
}
