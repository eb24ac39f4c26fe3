using System.Diagnostics;
using NUnit.Framework;
using UioInterop.Machines.Running;

namespace UioInterop.HostTests.Running;

/// <summary>How long a machine is waited for: the time that it had, not that of the clock.</summary>
internal sealed class PatienceTests
{
    private static readonly RunLimits s_limits = new(Silence: Seconds(60), Total: Seconds(600), Longest: Seconds(2400));

    [Test]
    public void Silence_ends_it()
    {
        using var patience = new Patience(s_limits);

        patience.Count(Seconds(59), TimeSpan.Zero);
        Assert.That(patience.Why, Is.Null);
        patience.Count(Seconds(1), TimeSpan.Zero);

        Assert.That(patience.Why, Is.EqualTo("no word for 60 s"));
        Assert.That(patience.End.IsCancellationRequested, Is.True);
    }

    [Test]
    public void A_sign_begins_the_silence_anew()
    {
        using var patience = new Patience(s_limits);

        patience.Count(Seconds(59), TimeSpan.Zero);
        patience.OnSign();
        patience.Count(Seconds(59), TimeSpan.Zero);

        Assert.That(patience.Why, Is.Null);
    }

    [Test]
    public void Time_without_a_processor_is_no_silence()
    {
        using var patience = new Patience(s_limits);

        patience.Count(Seconds(100), waited: Seconds(50));
        Assert.That(patience.Why, Is.Null);
        patience.Count(Seconds(100), waited: Seconds(50));

        Assert.That(patience.Why, Is.EqualTo("no word for 60 s"));
    }

    [Test]
    public void All_of_it_has_an_end_however_much_is_said()
    {
        using var patience = new Patience(s_limits);

        for (var i = 0; i < 12 && patience.Why is null; i++)
        {
            patience.OnSign();
            patience.Count(Seconds(50), TimeSpan.Zero);
        }

        Assert.That(patience.Why, Is.EqualTo("it took longer than 600 s"));
    }

    [Test]
    public void A_machine_that_never_gets_a_processor_has_an_end()
    {
        using var patience = new Patience(s_limits);

        patience.Count(Seconds(2400), waited: Seconds(2400));

        Assert.That(patience.Why, Is.EqualTo("it took longer than 2400 s on a busy host"));
    }

    [Test]
    public void The_longest_wait_of_a_thread_counts()
    {
        var queue = new ProcessorQueue();

        Assert.That(queue.LongestWait(Waits(("1", 5), ("2", 7))), Is.EqualTo(TimeSpan.Zero), "what was before is not known");
        Assert.That(queue.LongestWait(Waits(("1", 6), ("2", 10), ("3", 4))), Is.EqualTo(Seconds(3)));
        Assert.That(queue.LongestWait(Waits(("3", 4))), Is.EqualTo(TimeSpan.Zero));
    }

    // Real processes: two that want one processor wait for each other, one that sleeps for nobody.
    [Test]
    public async Task The_kernel_tells_who_waits()
    {
        using var first = Start("taskset", "--cpu-list", "0", "sh", "-c", "while :; do :; done");
        using var second = Start("taskset", "--cpu-list", "0", "sh", "-c", "while :; do :; done");
        using var sleeper = Start("sleep", "600");
        try
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
            var bound = Stopwatch.StartNew();
            while (WaitOf(first) < TimeSpan.FromMilliseconds(100) && bound.Elapsed < Seconds(60))
                await timer.WaitForNextTickAsync();

            Assert.That(WaitOf(first), Is.GreaterThanOrEqualTo(TimeSpan.FromMilliseconds(100)));
            Assert.That(WaitOf(sleeper), Is.LessThan(WaitOf(first)));
        }
        finally
        {
            foreach (var process in new[] { first, second, sleeper })
                process.Kill();
        }
        Assert.That(ProcessorQueue.Read(int.MaxValue), Is.Empty, "one that is gone");
    }

    private static TimeSpan WaitOf(Process process) => ProcessorQueue.Read(process.Id).Values.Append(TimeSpan.Zero).Max();

    private static Process Start(string program, params string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments))!;

    private static Dictionary<string, TimeSpan> Waits(params (string Thread, int Seconds)[] waits) =>
        waits.ToDictionary(wait => wait.Thread, wait => Seconds(wait.Seconds));

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);
}
