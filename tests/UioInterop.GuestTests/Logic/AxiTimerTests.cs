using UioInterop.Devices;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Logic;

/// <summary>A driver without DMA, on QEMU's own model of the AXI Timer.</summary>
[Category(Needs.Logic)]
internal sealed class AxiTimerTests
{
    private const long Frequency = 100_000_000;
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(20);

    private AxiTimer _timer = null!;

    [SetUp]
    public void OpenTimer() => _timer = AxiTimer.Open("timer", Frequency);

    [TearDown]
    public void CloseTimer() => _timer.Dispose();

    [Test]
    public async Task It_ticks_until_the_loop_is_left()
    {
        using var bound = new CancellationTokenSource(Bound.Long);
        for (var loop = 0; loop < 2; loop++)
        {
            var ticks = 0u;
            await foreach (var tick in _timer.Ticks(s_period, bound.Token))
            {
                Assert.That(_timer.IsRunning, Is.True);
                Assert.That(_timer.Counter, Is.LessThanOrEqualTo(s_period.TotalSeconds * Frequency));
                ticks += tick.SinceLastWait;
                if (ticks >= 5)
                    break;
            }

            Assert.That(_timer.IsRunning, Is.False);
        }
    }

    [Test]
    public void A_token_ends_the_ticks()
    {
        using var cancel = new CancellationTokenSource();

        Assert.That(async () =>
        {
            await foreach (var _ in _timer.Ticks(s_period, cancel.Token))
                await cancel.CancelAsync();
        }, Throws.InstanceOf<OperationCanceledException>());

        Assert.That(_timer.IsRunning, Is.False);
    }

    [Test]
    public void A_period_lasts_as_long_as_was_asked_for()
    {
        using var early = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        var ticks = 0;

        Assert.That(async () =>
        {
            await foreach (var _ in _timer.Ticks(TimeSpan.FromSeconds(40), early.Token))
                ticks++;
        }, Throws.InstanceOf<OperationCanceledException>());

        Assert.That(ticks, Is.Zero);
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(43)]
    public void A_period_that_does_not_fit_is_refused(int seconds) => Assert.That(
        () => _timer.Ticks(TimeSpan.FromSeconds(seconds)),
        Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("2 to 2^32 + 1 cycles of 100000000 Hz"));

    [Test]
    public void A_clock_that_stands_still_is_refused() =>
        Assert.That(() => AxiTimer.Open("timer", 0), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public async Task Closing_stops_it()
    {
        var ticks = _timer.Ticks(s_period).GetAsyncEnumerator();
        Assert.That(await ticks.MoveNextAsync(), Is.True);

        _timer.Dispose();

        using var again = UioDevice.Open("timer");
        Assert.That(again.Registers.Read(new Register<uint>(0)) & 0x80, Is.Zero);
        Assert.That(async () => await ticks.MoveNextAsync(), Throws.InstanceOf<ObjectDisposedException>());
    }
}
