using NUnit.Framework;
using UioInterop.Machines.Running;

namespace UioInterop.HostTests.Running;

/// <summary>Two machines at a time, where they fit.</summary>
internal sealed class BootSlotsTests
{
    [Test]
    public void Two_run_and_a_third_waits_for_one_of_them()
    {
        var slots = new BootSlots(2, budgetMiB: 100_000);
        var first = slots.TakeAsync(1024, CancellationToken.None);
        var second = slots.TakeAsync(1024, CancellationToken.None);
        var third = slots.TakeAsync(1024, CancellationToken.None);
        Assert.That((first.IsCompleted, second.IsCompleted, third.IsCompleted), Is.EqualTo((true, true, false)));

        first.Result.Dispose();
        first.Result.Dispose();

        Assert.That(Completes(third), Is.True);
        Assert.That(slots.TakeAsync(1024, CancellationToken.None).IsCompleted, Is.False, "what is disposed twice frees one");
    }

    [Test]
    public void What_does_not_fit_waits_and_runs_alone()
    {
        var slots = new BootSlots(2, budgetMiB: 4000);
        var small = slots.TakeAsync(1024, CancellationToken.None);
        var large = slots.TakeAsync(8192, CancellationToken.None);
        var behind = slots.TakeAsync(1024, CancellationToken.None);
        Assert.That((small.IsCompleted, large.IsCompleted), Is.EqualTo((true, false)));

        small.Result.Dispose();

        Assert.That(Completes(large), Is.True, "a machine that is alone always has room");
        Assert.That(behind.IsCompleted, Is.False);
    }

    [Test]
    public void A_waiter_that_gives_up_is_passed_over()
    {
        var slots = new BootSlots(1, budgetMiB: 4000);
        using var cancel = new CancellationTokenSource();
        var running = slots.TakeAsync(1024, CancellationToken.None);
        var impatient = slots.TakeAsync(1024, cancel.Token);
        var patient = slots.TakeAsync(1024, CancellationToken.None);

        cancel.Cancel();
        running.Result.Dispose();

        Assert.That(async () => await impatient, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Completes(patient), Is.True);
    }

    private static bool Completes(Task task) => task.Wait(TimeSpan.FromSeconds(60));
}
