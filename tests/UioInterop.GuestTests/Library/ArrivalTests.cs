using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

internal sealed class ArrivalTests : IDisposable
{
    private static readonly TimeSpan s_long = Bound.Long;

    // At the end of its time a wait looks once more, and would find what it had slept through.
    private static readonly TimeSpan s_forEver = Timeout.InfiniteTimeSpan;
    private static readonly TimeSpan s_onEventsOnly = Timeout.InfiniteTimeSpan;

    private readonly UioDeviceId _id = UioDeviceId.FromParent(UnderTest.Name);

    private IReadOnlyList<string> _descriptors = [];
    private CancellationTokenSource _end = new();

    [SetUp]
    public void FreeDevices()
    {
        UnderTest.OnItsBus.Free();
        _descriptors = Settled.Of(() => Descriptors.Targets);
    }

    [TearDown]
    public void Check()
    {
        _end.Cancel();
        Dispose();
        _end = new CancellationTokenSource();
        UnderTest.OnItsBus.Free();
        SysDevice.Sata.Free();
        SysDevice.Unclaimed.Free();
        Assert.That(Descriptors.Targets, Is.EqualTo(_descriptors), "descriptors left open");
    }

    public void Dispose() => _end.Dispose();

    [Test]
    public async Task A_device_that_is_there_is_returned()
    {
        UnderTest.Bind();

        var device = await UioDeviceArrival.WaitAsync(_id, s_long, CancellationToken.None);

        Assert.That((device.ParentName, device.Maps.Count), Is.EqualTo((UnderTest.Name, 1)));
    }

    [Test]
    public async Task A_device_that_comes_is_returned_complete()
    {
        for (var round = 0; round < 20; round++)
        {
            var arrival = Start(_id);
            Assert.That(arrival.IsCompleted, Is.False);

            UnderTest.Bind();

            var device = await arrival.WaitAsync(s_long);
            Assert.That(device.Maps, Has.Count.EqualTo(1), $"round {round}");
            UnderTest.Unbind();
        }
    }

    // The first look falls anywhere into the making of the device: between its node and its maps, and past the event
    // that would tell of both.
    [Test]
    public async Task A_device_that_is_just_coming_is_returned_complete()
    {
        using var together = new Barrier(2);
        for (var round = 0; round < 30; round++)
        {
            var binding = Task.Run(() =>
            {
                together.SignalAndWait();
                UnderTest.Bind();
            });
            together.SignalAndWait();

            var device = await UioDeviceArrival.WaitAsync(_id, s_forEver, _end.Token, s_onEventsOnly).WaitAsync(s_long);

            Assert.That(device.Maps, Has.Count.EqualTo(1), $"round {round}");
            await binding;
            UnderTest.Unbind();
        }
    }

    [Test, Category(Needs.PlatformUio)]
    public async Task Another_device_than_the_one_that_is_waited_for_does_not_do()
    {
        var arrival = Start(_id);
        SysDevice.Unclaimed.Bind("uio_pdrv_genirq");
        Assert.That(arrival.IsCompleted, Is.False);

        UnderTest.Bind();

        Assert.That((await arrival.WaitAsync(s_long)).ParentName, Is.EqualTo(UnderTest.Name));
    }

    [Test]
    public async Task A_device_that_was_waited_for_is_open()
    {
        var opening = UioDevice.WaitForAsync(_id, s_long, token: _end.Token);
        UnderTest.Bind();

        using var device = await opening.WaitAsync(s_long);

        Assert.That(device.Info.ParentName, Is.EqualTo(UnderTest.Name));
        Assert.That(device.GetRegisters(0).Length, Is.EqualTo(device.Info.Maps[0].Length));
    }

    [TestCase(0)]
    [TestCase(50)]
    public async Task A_timeout_names_the_awaited_device_and_those_present(int milliseconds)
    {
        var error = (await Assert.ThrowsAsync<TimeoutException>(() =>
            UioDeviceArrival.WaitAsync(_id, TimeSpan.FromMilliseconds(milliseconds), CancellationToken.None)))!;

        Assert.That(error.Message, Does.Contain(_id.ToString()).And.Contains("has no driver").And.Contains("Bind("));
    }

    [Test, Category(Needs.Pc)]
    public async Task A_second_device_with_the_name_ends_the_wait_for_the_first()
    {
        UnderTest.Bind();
        var arrival = StartUnprivileged(UioDeviceId.FromName("uio_pci_generic"), s_onEventsOnly);
        Assert.That(arrival.IsCompleted, Is.False, "it may not open the first");

        SysDevice.Sata.Bind("uio_pci_generic");

        var error = (await Assert.ThrowsAsync<UioException>(() => arrival.WaitAsync(s_long)))!;
        Assert.That(error.Errno, Is.EqualTo(LibC.ENOTUNIQ));
    }

    [Test]
    public async Task Cancelling_ends_the_wait()
    {
        using var cancellation = new CancellationTokenSource();
        var arrival = Start(_id, cancellation.Token);

        cancellation.Cancel();

        var error = (await Assert.CatchAsync<OperationCanceledException>(() => arrival.WaitAsync(s_long)))!;
        Assert.That(error.CancellationToken, Is.EqualTo(cancellation.Token));
        Assert.That(arrival.IsCanceled, Is.True);
        Assert.That(UioDeviceArrival.WaitAsync(_id, s_long, cancellation.Token).IsCanceled, Is.True, "before it began");
    }

    [Test]
    public void A_negative_timeout_and_no_id_are_refused()
    {
        Assert.That(() => UioDeviceArrival.WaitAsync(_id, TimeSpan.FromSeconds(-5), default),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => UioDeviceArrival.WaitAsync(default, s_long, default), Throws.ArgumentException);
    }

    [Test]
    public async Task A_node_that_stays_closed_is_EACCES_with_its_remedy()
    {
        UnderTest.Bind();
        Task<UioDeviceInfo>? arrival = null;

        Unprivileged.Run(() => arrival = UioDeviceArrival.WaitAsync(_id, TimeSpan.FromMilliseconds(50), CancellationToken.None));

        var error = (await Assert.ThrowsAsync<UioException>(() => arrival!))!;
        Assert.That((error.Errno, error.Device), Is.EqualTo((LibC.EACCES, UnderTest.DevicePath)));
        Assert.That(error.Remedy, Does.Contain("udev"));
    }

    [Test]
    public async Task A_node_that_udev_opens_later_is_waited_for()
    {
        UnderTest.Bind();
        var arrival = StartUnprivileged(_id, s_onEventsOnly);
        Assert.That(arrival.IsCompleted, Is.False);

        OpenToAll();
        UdevMessage.Send();

        Assert.That((await arrival.WaitAsync(s_long)).ParentName, Is.EqualTo(UnderTest.Name));
    }

    [Test]
    public async Task A_node_that_becomes_accessible_without_an_event_is_found_by_polling()
    {
        UnderTest.Bind();
        var arrival = StartUnprivileged(_id, TimeSpan.FromMilliseconds(20));
        Assert.That(arrival.IsCompleted, Is.False);

        OpenToAll();

        Assert.That((await arrival.WaitAsync(s_long)).ParentName, Is.EqualTo(UnderTest.Name));
    }

    private static void OpenToAll() => RawFile.SetMode(UnderTest.DevicePath, 0b110_110_110);

    /// <summary>Starts a wait that only an event ends, and returns when it sleeps.</summary>
    private Task<UioDeviceInfo> Start(UioDeviceId id, CancellationToken? cancellation = null) =>
        WhenItSleeps(() => UioDeviceArrival.WaitAsync(id, s_forEver, cancellation ?? _end.Token, s_onEventsOnly));

    private Task<UioDeviceInfo> StartUnprivileged(UioDeviceId id, TimeSpan lookAgain) => WhenItSleeps(() =>
    {
        Task<UioDeviceInfo>? arrival = null;
        Assert.That(Unprivileged.Run(() => arrival = UioDeviceArrival.WaitAsync(id, s_forEver, _end.Token, lookAgain)), Is.Null);
        return arrival!;
    });

    private static Task<UioDeviceInfo> WhenItSleeps(Func<Task<UioDeviceInfo>> start)
    {
        var before = ThreadsInPoll.Count;
        var arrival = start();
        Assert.That(SpinWait.SpinUntil(() => ThreadsInPoll.Count > before || arrival.IsCompleted, s_long), Is.True, "it sleeps");
        return arrival;
    }
}
