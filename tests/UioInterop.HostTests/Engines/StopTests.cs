using NUnit.Framework;

namespace UioInterop.HostTests.Engines;

/// <summary>Stops of drivers that are written by hand: who waits for whom, and who hears of failures.</summary>
internal sealed class StopTests
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(50);

    // A driver with one lock, around a blocking transfer and in Quiesce.
    [TestCase(false)]
    [TestCase(true)]
    public void Giving_up_a_transfer_does_not_wait_for_a_stop_that_waits_for_the_caller(bool endsMapping)
    {
        using var fake = new FakeDevice();
        object sync = new();
        using var isStopping = new ManualResetEventSlim();
        var stops = 0;
        fake.Device.Quiesce = () =>
        {
            isStopping.Set();
            lock (sync)
                stops++;
        };
        var mapping = fake.Import();
        using var hasBegun = new ManualResetEventSlim();
        var copy = Run(() =>
        {
            lock (sync)
            {
                using var lease = mapping.BeginTransfer(0, 4096);
                hasBegun.Set();
                Assert.That(isStopping.Wait(s_timeout), Is.True);
                lease.Dispose();
                if (endsMapping)
                    mapping.Dispose();
            }
        });
        Assert.That(hasBegun.Wait(s_timeout), Is.True);

        var dispose = Run(fake.Device.Dispose);

        Assert.That(Task.WaitAll([copy, dispose], s_timeout), Is.True, "a deadlock");
        Assert.That(stops, Is.GreaterThanOrEqualTo(1));
        Assert.That(fake.Imports.Attached, Is.Zero);
        Assert.That(mapping.HasEnded, Is.True);
    }

    // It began after the stop that is under way, which therefore is not about it.
    [Test]
    public void A_transfer_that_is_given_up_during_another_stop_is_stopped_afterwards()
    {
        using var fake = new FakeDevice();
        using var isStopping = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        var stops = 0;
        fake.Device.Quiesce = () =>
        {
            stops++;
            isStopping.Set();
            Assert.That(goOn.Wait(s_timeout), Is.True);
        };
        using var first = fake.Import();
        using var second = fake.Import();
        var other = Run(() => first.BeginTransfer(0, 1).Dispose());
        Assert.That(isStopping.Wait(s_timeout), Is.True);

        second.BeginTransfer(0, 1).Dispose();

        Assert.That(second.CanEnd, Is.False, "it may be under way");
        goOn.Set();
        Assert.That(other.Wait(s_timeout), Is.True);
        Assert.That(stops, Is.EqualTo(2));
        Assert.That(second.CanEnd, Is.True);
    }

    [Test]
    public void Disposing_a_device_leaves_the_rest_to_a_stop_that_waits_for_the_caller()
    {
        using var fake = new FakeDevice();
        object sync = new();
        using var isStopping = new ManualResetEventSlim();
        fake.Device.Quiesce = () =>
        {
            isStopping.Set();
            lock (sync)
            {
            }
        };
        var mapping = fake.Import();
        Task stop;
        lock (sync)
        {
            stop = Run(() => mapping.BeginTransfer(0, 1).Dispose());
            Assert.That(isStopping.Wait(s_timeout), Is.True);
            Assert.That(Run(fake.Device.Dispose).Wait(s_timeout), Is.True, "a deadlock, if the lock were of the caller");
        }

        Assert.That(stop.Wait(s_timeout), Is.True);
        Assert.That(fake.Imports.Attached, Is.Zero);
    }

    [Test]
    public void The_end_of_a_mapping_that_failed_can_be_repeated()
    {
        using var fake = new FakeDevice();
        var mapping = fake.Import();
        var lease = mapping.BeginTransfer(0, 4096);
        Assert.That(mapping.End, Throws.InstanceOf<UioException>().With.Property("ErrnoName").EqualTo("EBUSY"));
        Assert.That(mapping.HasEnded, Is.False);
        Assert.That(() => mapping.BeginTransfer(0, 1), Throws.InstanceOf<ObjectDisposedException>(), "it is about to end");

        lease.Complete();
        mapping.End();

        Assert.That(mapping.HasEnded, Is.True);
        Assert.That(fake.Imports.Attached, Is.Zero);
    }

    [Test]
    public void Dispose_of_a_mapping_does_not_replace_the_exception_that_unwinds_and_the_device_tells()
    {
        using var fake = new FakeDevice();
        var failures = new List<Exception>();
        fake.Device.Failed += (_, failed) =>
        {
            Assert.That(Monitor.TryEnter(fake.Device, 0), Is.True);
            fake.Import().Dispose(); // no lock is held
            failures.Add(failed.Exception);
            throw new NotSupportedException("a handler's own fault");
        };
        DmaMapping? mapping = null;

        Assert.That(() =>
        {
            using (mapping = fake.Import())
            {
                mapping.BeginTransfer(0, 1);
                throw new InvalidTimeZoneException("the cause");
            }
        }, Throws.InstanceOf<InvalidTimeZoneException>());

        Assert.That(mapping!.HasEnded, Is.False);
        Assert.That(failures.Single(), Is.InstanceOf<UioException>().With.Message.Contains("still under way"));
        fake.Device.Dispose();
        Assert.That(mapping.HasEnded, Is.True);
    }

    [Test]
    public void A_mapping_that_the_kernel_does_not_end_is_ended_by_the_device()
    {
        using var fake = new FakeDevice();
        var failures = new List<Exception>();
        fake.Device.Failed += (_, failed) => failures.Add(failed.Exception);
        var mapping = fake.Import();
        fake.Imports.DetachResult = -5; // EIO

        mapping.Dispose();

        Assert.That((mapping.HasEnded, failures.Count), Is.EqualTo((false, 1)));
        fake.Imports.DetachResult = 0;
        mapping.End();
        Assert.That((mapping.HasEnded, fake.Imports.Attached), Is.EqualTo((true, 0)));
    }

    // Xilinx's kernel takes a buffer twice, and unmaps by its descriptor's number.
    [Test]
    public void A_buffer_is_not_imported_twice_whatever_the_kernel_says()
    {
        using var fake = new FakeDevice();
        using var mapping = fake.Import();

        Assert.That(() => fake.Device.Import(mapping.Buffer, DmaDirection.ToDevice),
            Throws.InstanceOf<UioException>().With.Property("ErrnoName").EqualTo("EBUSY"));

        Assert.That(fake.Imports.Attached, Is.EqualTo(1));
        mapping.End();
        fake.Device.Import(mapping.Buffer, DmaDirection.ToDevice).End();
    }

    [Test]
    public void A_stop_that_fails_in_Dispose_is_told()
    {
        using var fake = new FakeDevice();
        var failures = new List<Exception>();
        fake.Device.Failed += (_, failed) => failures.Add(failed.Exception);
        fake.Device.Quiesce = () => throw new TimeoutException("it runs and runs");

        fake.Device.Dispose();

        Assert.That(failures.Single().InnerException, Is.InstanceOf<TimeoutException>());
    }

    private static Task Run(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
