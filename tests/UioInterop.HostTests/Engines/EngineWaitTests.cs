using NUnit.Framework;

namespace UioInterop.HostTests.Engines;

/// <summary>The wait for a transfer's end, on the thread that made the transfer.</summary>
internal sealed class EngineWaitTests
{
    // Otherwise the leases would be gone, and the device at work in their memory.
    [Test]
    public void A_thread_that_is_interrupted_has_an_outcome_to_stop_the_device_for()
    {
        var wait = new EngineWait();
        wait.Begin(isAsync: false);
        Exception? thrown = null;
        var thread = new Thread(() =>
        {
            try
            {
                wait.Wait(new Deadline(Timeout.InfiniteTimeSpan), CancellationToken.None);
            }
            catch (ThreadInterruptedException error)
            {
                thrown = error;
            }
        });
        thread.Start();

        thread.Interrupt();

        Assert.That(thread.Join(TimeSpan.FromMinutes(1)), Is.True);
        Assert.That(thrown, Is.Null, "not before the device has been stopped");
        Assert.That(wait.End(out _, out var error), Is.EqualTo(EngineWait.Outcome.Failed));
        Assert.That(error, Is.InstanceOf<ThreadInterruptedException>());
    }
}
