using System.IO.Pipes;
using Microsoft.Win32.SafeHandles;
using UioInterop.GuestTests.Support;
using UioInterop.Interop;

namespace UioInterop.GuestTests.Library;

/// <summary>Waits for interrupts, which edu raises when a register is written.</summary>
[Category(Needs.Edu)]
internal sealed class InterruptTests
{
    private const string ThreadName = "UioInterop inte"; // the kernel keeps 15 letters
    private static readonly TimeSpan s_timeout = Bound.Long;

    private UioDevice _device = null!;
    private EduInterrupt _interrupt = null!;

    [SetUp]
    public void Open()
    {
        UnderTest.Bind();
        Reopen(new UioOpenOptions());
    }

    [TearDown]
    public void Close() => _device.Dispose();

    [Test]
    public async Task An_interrupt_ends_an_asynchronous_wait()
    {
        var wait = _device.WaitForInterruptAsync(s_timeout);
        Assert.That(wait.IsCompleted, Is.False);

        _interrupt.Raise();

        Assert.That((await wait).SinceLastWait, Is.EqualTo(1));
    }

    [Test]
    public async Task An_interrupt_from_before_the_wait_ends_it_at_once()
    {
        _interrupt.Raise();

        var wait = _device.WaitForInterruptAsync(s_timeout);

        Assert.That(wait.IsCompletedSuccessfully, Is.True);
        Assert.That((await wait).SinceLastWait, Is.EqualTo(1));
    }

    [Test]
    public async Task Interrupts_between_two_waits_are_counted_as_missed()
    {
        for (var i = 0; i < 3; i++)
            _interrupt.RaiseAndRearm();

        var count = await _device.WaitForInterruptAsync(s_timeout);

        Assert.That((count.SinceLastWait, count.Missed), Is.EqualTo((3u, 2u)));
    }

    [Test]
    public void Without_re_arming_there_is_no_second_interrupt()
    {
        _interrupt.Raise();
        Assert.That(_device.TryWaitForInterrupt(s_timeout, out _), Is.True);
        _interrupt.Acknowledge();
        _interrupt.RaiseOnly();
        Assert.That(_device.TryWaitForInterrupt(TimeSpan.Zero, out _), Is.False);

        _device.EnableInterrupt();

        Assert.That(_device.TryWaitForInterrupt(s_timeout, out _), Is.True);
    }

    [Test]
    public async Task A_cancelled_wait_leaves_the_next_interrupt_to_the_next_wait()
    {
        using var cancel = new CancellationTokenSource();
        var wait = _device.WaitForInterruptAsync(Timeout.InfiniteTimeSpan, cancel.Token).AsTask();
        await cancel.CancelAsync();
        Assert.That(async () => await wait,
            Throws.InstanceOf<OperationCanceledException>().With.Property("CancellationToken").EqualTo(cancel.Token));
        Assert.That(_device.TryWaitForInterrupt(TimeSpan.Zero, out _), Is.False, "nothing stale");

        _interrupt.RaiseAndRearm();
        var first = await _device.WaitForInterruptAsync(s_timeout);
        var second = _device.WaitForInterruptAsync(s_timeout);
        Assert.That(second.IsCompleted, Is.False, "one event for one interrupt");
        _interrupt.Raise();

        Assert.That((first.SinceLastWait, (await second).SinceLastWait), Is.EqualTo((1u, 1u)));
    }

    [Test]
    public void A_token_that_is_cancelled_already_ends_the_wait_before_it_begins()
    {
        var wait = _device.WaitForInterruptAsync(s_timeout, new CancellationToken(true));

        Assert.That(wait.IsCanceled, Is.True);
    }

    // Cancelling and the interrupt race: one of them decides, and no interrupt is lost.
    [Test]
    public async Task An_interrupt_that_races_with_cancelling_is_reported_once()
    {
        const int rounds = 100;
        uint reported = 0;
        for (var round = 0; round < rounds; round++)
        {
            using var cancel = new CancellationTokenSource();
            var wait = _device.WaitForInterruptAsync(s_timeout, cancel.Token).AsTask();
            var cancelling = Task.Run(cancel.Cancel);
            _interrupt.RaiseAndRearm();
            await cancelling;
            try
            {
                reported += (await wait).SinceLastWait;
            }
            catch (OperationCanceledException)
            {
                reported += (await _device.WaitForInterruptAsync(s_timeout)).SinceLastWait;
            }
        }

        Assert.That(reported, Is.EqualTo(rounds));
    }

    [Test]
    public async Task A_wait_whose_time_is_over_leaves_the_device_armed()
    {
        Assert.That(async () => await _device.WaitForInterruptAsync(TimeSpan.FromMilliseconds(20)), Throws.InstanceOf<TimeoutException>());
        Assert.That(async () => await _device.WaitForInterruptAsync(TimeSpan.Zero), Throws.InstanceOf<TimeoutException>());

        var wait = _device.WaitForInterruptAsync(s_timeout);
        _interrupt.Raise();

        Assert.That((await wait).SinceLastWait, Is.EqualTo(1));
    }

    // The loop sleeps for ever when it is told of a deadline.
    [Test]
    public async Task A_short_wait_ends_in_time_beside_one_without_a_limit()
    {
        Reopen(Shared());
        using var other = UioDevice.Open(UioDeviceId.FromNumber(_device.Info.Number), Shared());
        var patient = other.WaitForInterruptAsync(Timeout.InfiniteTimeSpan).AsTask();

        Assert.That(async () => await _device.WaitForInterruptAsync(TimeSpan.FromMilliseconds(20)).AsTask().WaitAsync(s_timeout),
            Throws.InstanceOf<TimeoutException>());

        Assert.That(patient.IsCompleted, Is.False);
        _interrupt.Raise();
        await patient;
    }

    [Test]
    public async Task A_second_asynchronous_wait_is_refused_and_the_first_goes_on()
    {
        var first = _device.WaitForInterruptAsync(s_timeout).AsTask();

        Assert.That(async () => await _device.WaitForInterruptAsync(s_timeout), Throws.InvalidOperationException);

        _interrupt.Raise();
        Assert.That((await first).SinceLastWait, Is.EqualTo(1));
    }

    [TestCase(-2)]
    [TestCase(int.MinValue)]
    public void A_negative_timeout_is_refused(int milliseconds)
    {
        var timeout = TimeSpan.FromMilliseconds(milliseconds);

        Assert.That(() => _device.TryWaitForInterrupt(timeout, out _), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(async () => await _device.WaitForInterruptAsync(timeout), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Dispose_ends_every_wait()
    {
        var asynchronous = _device.WaitForInterruptAsync(Timeout.InfiniteTimeSpan).AsTask();
        var blocking = StartBlocking();

        Assert.That(Task.Run(_device.Dispose).Wait(s_timeout), Is.True);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(async () => await asynchronous.WaitAsync(s_timeout), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(async () => await blocking.WaitAsync(s_timeout), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(async () => await _device.WaitForInterruptAsync(s_timeout), Throws.InstanceOf<ObjectDisposedException>());
        }
    }

    [Test]
    public void Unplugging_ends_every_wait_and_says_so()
    {
        var asynchronous = _device.WaitForInterruptAsync(Timeout.InfiniteTimeSpan).AsTask();
        var blocking = StartBlocking();

        UnderTest.Unbind();
        try
        {
            using (Assert.EnterMultipleScope())
            {
                Assert.That(async () => await asynchronous.WaitAsync(s_timeout), ThrowsGone());
                Assert.That(async () => await blocking.WaitAsync(s_timeout), ThrowsGone());
                Assert.That(async () => await _device.WaitForInterruptAsync(s_timeout), ThrowsGone());
            }
        }
        finally
        {
            UnderTest.Bind();
        }
    }

    // Days without a wait: as many as half of what the count can tell, or nearly all of it.
    [TestCase(1u)]
    [TestCase(1u << 31)]
    [TestCase(uint.MaxValue)]
    public void Interrupts_without_a_waiting_thread_are_counted(uint many)
    {
        const uint before = 0xffff_fff0;
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        using var file = new SafeFileHandle(pipe.ClientSafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        Assert.That(Syscalls.OpenEvent(out var wake), Is.GreaterThanOrEqualTo(0));
        using var source = new InterruptSource(_device.Info, file, wake!, before, continueInline: false);

        pipe.Write(BitConverter.GetBytes(unchecked(before + many)));
        Assert.That(source.TryWait(s_timeout, out var count, evenWhenStopped: false), Is.True);
        Assert.That(count, Is.EqualTo(new InterruptCount(unchecked(before + many), many)));
    }

    [Test]
    public async Task An_awaiter_resumes_in_the_thread_pool()
    {
        Assert.That(await ThreadAfterWait(), Is.Not.StartsWith("UioInterop"));
    }

    [Test]
    public async Task An_awaiter_resumes_on_the_interrupt_thread_with_ContinueInline()
    {
        Reopen(new UioOpenOptions { ContinueInline = true });

        Assert.That(await ThreadAfterWait(), Does.StartWith("UioInterop"));
    }

    [Test]
    public async Task One_thread_serves_all_devices()
    {
        Reopen(Shared());
        using var second = UioDevice.Open(UioDeviceId.FromNumber(_device.Info.Number), Shared());
        using var third = UioDevice.Open(UioDeviceId.FromNumber(_device.Info.Number), Shared());
        UioDevice[] devices = [_device, second, third];
        var waits = devices.Select(device => device.WaitForInterruptAsync(s_timeout).AsTask()).ToArray();

        _interrupt.Raise();

        Assert.That((await Task.WhenAll(waits)).Select(count => count.SinceLastWait), Is.All.EqualTo(1));
        Assert.That(Directory.GetDirectories("/proc/self/task").Count(task =>
            File.ReadAllText($"{task}/comm").StartsWith(ThreadName, StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public async Task Each_interrupt_is_reported_to_one_waiting_thread()
    {
        const uint interrupts = 200;
        uint blocking = 0;
        var thread = Task.Factory.StartNew(
            () =>
            {
                try
                {
                    while (_device.TryWaitForInterrupt(s_timeout, out var count))
                        Interlocked.Add(ref blocking, count.SinceLastWait);
                }
                catch (ObjectDisposedException)
                {
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        uint asynchronous = 0;
        var task = CountAsync();
        for (var i = 0; i < interrupts; i++)
            _interrupt.RaiseAndRearm();

        Assert.That(SpinWait.SpinUntil(() => Volatile.Read(ref blocking) + Volatile.Read(ref asynchronous) == interrupts, s_timeout),
            Is.True,
            $"{blocking} + {asynchronous}");
        _device.Dispose();
        await Task.WhenAll(thread, task).WaitAsync(s_timeout);

        async Task CountAsync()
        {
            try
            {
                while (true)
                    Interlocked.Add(ref asynchronous, (await _device.WaitForInterruptAsync(s_timeout)).SinceLastWait);
            }
            catch (ObjectDisposedException)
            {
            }
        }
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_wait_allocates_nothing(bool inline)
    {
        const int waits = 500;
        const int attempts = 6;
        Reopen(new UioOpenOptions { ContinueInline = inline });
        using var cancel = new CancellationTokenSource();
        await WaitOftenAsync(100, cancel.Token);
        var least = long.MaxValue;

        // Whoever else runs meanwhile, the thread pool itself for one, can only add to it.
        for (var i = 0; i < attempts && least >= waits; i++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            await WaitOftenAsync(waits, cancel.Token);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.That(least / waits, Is.Zero, $"{least} bytes in {waits} waits");
    }

    [Test]
    public void A_wait_that_blocks_allocates_nothing()
    {
        const int waits = 2000;
        WaitOften(100);
        var before = GC.GetAllocatedBytesForCurrentThread();

        WaitOften(waits);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    // Every wait is begun before its interrupt, so that all go through the epoll thread.
    private async Task WaitOftenAsync(int waits, CancellationToken token)
    {
        for (var i = 0; i < waits; i++)
        {
            var wait = _device.WaitForInterruptAsync(s_timeout, token);
            _interrupt.RaiseOnly();
            await wait.ConfigureAwait(false);
            _interrupt.Acknowledge();
            _device.EnableInterrupt();
        }
    }

    private void WaitOften(int waits)
    {
        for (var i = 0; i < waits; i++)
        {
            _interrupt.RaiseOnly();
            _device.TryWaitForInterrupt(s_timeout, out _);
            _interrupt.Acknowledge();
            _device.EnableInterrupt();
        }
    }

    private Task<bool> StartBlocking()
    {
        var before = ThreadsInPoll.Count;
        var task = Task.Factory.StartNew(() => _device.TryWaitForInterrupt(Timeout.InfiniteTimeSpan, out _),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.That(SpinWait.SpinUntil(() => ThreadsInPoll.Count > before, s_timeout), Is.True, "it waits");
        return task;
    }

    private async Task<string> ThreadAfterWait()
    {
        var wait = _device.WaitForInterruptAsync(s_timeout);
        var continued = ContinueAsync(wait);
        _interrupt.Raise();
        return await continued;

        static async Task<string> ContinueAsync(ValueTask<InterruptCount> wait)
        {
            await wait.ConfigureAwait(false); // NUnit has a context of its own
            return Thread.CurrentThread.Name ?? "";
        }
    }

    private void Reopen(UioOpenOptions options)
    {
        _device?.Dispose();
        _device = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name), options);
        _interrupt = new EduInterrupt(_device);
    }

    private static UioOpenOptions Shared() => new() { IsExclusive = false };

    private static NUnit.Framework.Constraints.ContainsConstraint ThrowsGone() =>
        Throws.InstanceOf<UioException>().With.Property(nameof(UioException.Errno)).EqualTo(LibCErrno.EIO)
            .And.Property(nameof(UioException.Remedy)).Contains("unbound");
}
