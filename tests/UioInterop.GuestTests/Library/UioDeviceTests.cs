using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

[Category(Needs.Edu)]
internal sealed class UioDeviceTests
{
    private UioDeviceInfo _edu = null!;

    [SetUp]
    public void Bind()
    {
        UnderTest.Bind();
        _edu = UioDevice.List().Single(device => device.ParentName == UnderTest.Name);
    }

    [Test]
    public void The_list_has_the_kernels_facts()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(_edu.Name, Is.EqualTo("uio_pci_generic"));
            Assert.That(_edu.Driver, Is.EqualTo("uio_pci_generic"));
            Assert.That(_edu.DevicePath, Is.EqualTo(UnderTest.DevicePath));
            Assert.That(Directory.Exists(_edu.ParentPath), Is.True, _edu.ParentPath);
            Assert.That(_edu.Maps.Single().Size, Is.EqualTo(1 << 20));
        }
    }

    [Test]
    public void A_device_opens_by_number_path_name_and_parent()
    {
        UioDeviceId[] ids =
        [
            UioDeviceId.FromNumber(_edu.Number), UioDeviceId.FromPath(_edu.DevicePath),
            UioDeviceId.FromName(_edu.Name), UioDeviceId.FromParent(_edu.ParentName),
        ];
        foreach (var id in ids)
        {
            using var device = UioDevice.Open(id);
            Assert.That(device.Info.Number, Is.EqualTo(_edu.Number), id.ToString());
        }
    }

    private static readonly (UioDeviceId Id, string Words)[] s_nowhere =
    [
        (UioDeviceId.FromName("nowhere"), "nowhere"), (UioDeviceId.FromParent("0000:00:1f.7"), "0000:00:1f.7"),
        (UioDeviceId.FromNumber(99), "/dev/uio99"), (UioDeviceId.FromName("/dev/uio98"), "/dev/uio98"),
    ];

    [TestCaseSource(nameof(s_nowhere))]
    public void A_device_that_is_not_there_is_answered_with_those_that_are((UioDeviceId Id, string Words) asked)
    {
        var error = Assert.Throws<UioException>(() => UioDevice.Open(asked.Id))!;

        Assert.That(error.Message, Does.Contain(asked.Words).And.Contains(_edu.DevicePath));
    }

    [Test]
    public void A_map_is_there_once()
    {
        using var device = UioDevice.Open(UioDeviceId.FromNumber(_edu.Number));
        var registers = device.Registers;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(registers.Read32(0), Is.EqualTo(0x010000edu));
            Assert.That(device.Registers, Is.SameAs(registers));
            Assert.That(() => device.GetRegisters(1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        }
    }

    [Test]
    public void After_Dispose_everything_says_so_and_nothing_crashes()
    {
        var device = UioDevice.Open(UioDeviceId.FromNumber(_edu.Number));
        var registers = device.Registers;
        using var buffer = DmaHeap.System.Allocate(4096);

        device.Dispose();
        device.Dispose();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => registers.Read32(0), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => registers.Write32(0, 0), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => device.Registers, Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => device.Import(buffer, DmaDirection.ToDevice), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(() => device.TryWaitForInterrupt(TimeSpan.Zero, out _), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(device.EnableInterrupt, Throws.InstanceOf<ObjectDisposedException>());
        }
    }

    [Test]
    public void Dispose_puts_plain_memory_in_the_place_of_the_registers()
    {
        var device = UioDevice.Open(UioDeviceId.FromNumber(_edu.Number));
        var registers = device.Registers;
        var map = MemoryMaps.Of(_edu.DevicePath).Single();

        device.Dispose();

        Assert.That(MemoryMaps.Of(_edu.DevicePath), Is.Empty, "the map would keep the file, and its mappings, alive");
        Assert.That(MemoryMaps.All().Any(each => each.Start <= map.Start && each.End >= map.End), Is.True, "a late access crashes");
        GC.KeepAlive(registers);
    }

    // The accesses race with the end of the map: a page that is gone would end the process.
    [Test]
    public void Dispose_under_running_register_accesses_crashes_nothing()
    {
        for (var round = 0; round < 20; round++)
        {
            var device = UioDevice.Open(UioDeviceId.FromNumber(_edu.Number));
            var registers = device.Registers;
            using var reading = new ManualResetEventSlim();
            var reader = Task.Run(() =>
            {
                while (true)
                {
                    registers.Read32(4);
                    reading.Set();
                }
            });
            Assert.That(reading.Wait(Bound.Long), Is.True);

            device.Dispose();

            var error = Assert.Throws<AggregateException>(() => reader.Wait(Bound.Long))!;
            Assert.That(error.InnerException, Is.InstanceOf<ObjectDisposedException>());
        }
    }

    [Test]
    public void Nothing_is_left_for_a_child_to_inherit()
    {
        using var device = UioDevice.Open(UioDeviceId.FromNumber(_edu.Number));
        _ = device.Registers;
        _ = device.Pci!.BusMaster;
        using var buffer = DmaHeap.System.Allocate(4096);
        Buffers.Read(buffer, 1);

        Assert.That(Descriptors.Inheritable(), Has.None.Contains("uio").And.None.Contains("dmabuf").And.None.Contains("config"));
    }

    [Test]
    public void A_wait_that_times_out_says_no()
    {
        using var device = UioDevice.Open(UioDeviceId.FromNumber(_edu.Number));

        Assert.That(device.TryWaitForInterrupt(TimeSpan.FromMilliseconds(1), out var count), Is.False);
        Assert.That(count, Is.EqualTo(default(InterruptCount)));
    }

    [Test]
    public void Dispose_ends_a_wait()
    {
        var device = UioDevice.Open(UioDeviceId.FromNumber(_edu.Number));
        var before = ThreadsInPoll.Count;
        var waiter = Task.Factory.StartNew(() => device.TryWaitForInterrupt(Timeout.InfiniteTimeSpan, out _),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.That(SpinWait.SpinUntil(() => ThreadsInPoll.Count > before, Bound.Long), Is.True, "it waits");

        Assert.That(Task.Run(device.Dispose).Wait(Bound.Long), Is.True, "Dispose waits for the waiter");

        var error = Assert.Throws<AggregateException>(() => waiter.Wait(Bound.Long))!;
        Assert.That(error.InnerException, Is.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Opening_without_permission_tells_owner_and_remedy()
    {
        var error = Unprivileged.Run(() => UioDevice.Open(UioDeviceId.FromNumber(_edu.Number)).Dispose());

        Assert.That(error, Is.InstanceOf<UioException>());
        var refused = (UioException)error!;
        Assert.That(refused.Errno, Is.EqualTo(LibC.EACCES));
        Assert.That(refused.Message, Does.Contain("root").And.Contains("udev"));
    }
}
