using System.Runtime.InteropServices;
using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

/// <summary>What is open is what the kernel says of the open file, and never what a name says.</summary>
[Category(Needs.Edu), Category(Needs.Pc)]
internal sealed partial class NodeTests
{
    private const string PciUio = "uio_pci_generic";
    private const int Exclusive = 2, NonBlocking = 4; // LOCK_EX, LOCK_NB

    private static readonly TimeSpan s_bound = Bound.Long;

    private UioDeviceId _edu;

    [SetUp]
    public void Bind()
    {
        UnderTest.Bind();
        SysDevice.Sata.Bind(PciUio);
        _edu = UioDeviceId.FromParent(UnderTest.Name);
    }

    [TearDown]
    public void Free() => SysDevice.Sata.Free();

    [Test]
    public void A_node_opens_by_any_name()
    {
        var path = Path.Combine(Path.GetTempPath(), "my-dma");
        MountNamespace.MakeNode(path, MountNamespace.DeviceOf(Path.GetFileName(UnderTest.DevicePath)));
        try
        {
            using var device = UioDevice.Open(UioDeviceId.FromPath(path));

            Assert.That((device.Info.ParentName, device.Info.DevicePath), Is.EqualTo((UnderTest.Name, path)));
        }
        finally
        {
            File.Delete(path);
        }
    }

    // docker run --device=/dev/uio1:/dev/uio0
    [Test]
    public void A_renamed_node_is_of_the_device_that_it_opens() =>
        MountNamespace.Run(mounts =>
        {
            var (edu, other) = Renamed(mounts);

            using var device = UioDevice.Open(UioDeviceId.FromPath(edu));

            Assert.That(device.Info.ParentName, Is.EqualTo(SysDevice.Sata.Name));
            Assert.That(device.Info.Number, Is.EqualTo(Number(other)));
        });

    [Test]
    public void A_device_whose_node_has_been_renamed_is_not_taken_for_another() =>
        MountNamespace.Run(mounts =>
        {
            var (edu, other) = Renamed(mounts);
            using var stranger = PciFunction.Open(SysDevice.Sata.Name);
            stranger.BusMaster = true;

            var error = Assert.Throws<UioException>(() => UioDevice.Open(_edu).Dispose())!;

            Assert.That(error.Message, Does.Contain(edu).And.Contains(Path.GetFileName(other)).And.Contains(nameof(UioDeviceId.FromPath)));
            Assert.That(stranger.BusMaster, Is.True, "it was opened, and closed again");
        });

    [Test]
    public void A_file_with_the_name_of_a_node_is_refused()
    {
        var folder = Directory.CreateTempSubdirectory();
        var path = Path.Combine(folder.FullName, "uio0");
        File.WriteAllText(path, "");

        Assert.That(() => UioDeviceId.FromPath(path), Throws.ArgumentException);

        folder.Delete(recursive: true);
    }

    [Test]
    public void Two_names_of_one_node_are_one_device_to_lock() =>
        MountNamespace.Run(mounts =>
        {
            var number = MountNamespace.DeviceOf(Path.GetFileName(UnderTest.DevicePath));
            mounts.Hide("/dev");
            MountNamespace.MakeNode("/dev/first", number);
            Assert.That(link("/dev/first", "/dev/second"), Is.Zero);

            using var device = UioDevice.Open(UioDeviceId.FromPath("/dev/first"));

            Assert.That(Busy("/dev/second"), Does.Contain("this program"));
        });

    // As a container has it: another inode, and so another lock. The claim is the kernel's. The second open and close leave the
    // first one's DMA alone, which without a claim they would not.
    [Test, Category(Needs.Handles)]
    public void A_node_that_was_made_separately_is_the_same_device_to_the_kernel() =>
        MountNamespace.Run(mounts =>
        {
            var number = MountNamespace.DeviceOf(Path.GetFileName(UnderTest.DevicePath));
            mounts.Hide("/dev");
            MountNamespace.MakeNode("/dev/first", number);
            MountNamespace.MakeNode("/dev/second", number);

            using var device = UioDevice.Open(UioDeviceId.FromPath("/dev/first"));
            device.Pci!.BusMaster = true;

            Assert.That(Busy("/dev/second"), Does.Contain("another node of it"));
            Assert.That(device.Pci!.BusMaster, Is.True);
        });

    // The first look is at /proc/locks, because a device that is opened and closed again loses its DMA.
    [Test]
    public void The_lock_holds_where_proc_does_not_tell_of_it() =>
        MountNamespace.Run(mounts =>
        {
            mounts.Hide("/proc");

            using var device = UioDevice.Open(_edu);

            Assert.That(Busy(UnderTest.DevicePath), Does.Contain("another program"));
        });

    [Test]
    public void A_lock_on_a_sysfs_file_keeps_no_opener_out()
    {
        using var isLocked = new ManualResetEventSlim();
        using var isOpened = new ManualResetEventSlim();

        // On a thread of its own, and nothing is started from there: threads of the pool would be nobody's as well.
        var holder = Task.Factory.StartNew(() => Unprivileged.AsNobody(() =>
        {
            using var readable = RawFile.Open($"/sys/class/uio/{Path.GetFileName(UnderTest.DevicePath)}/dev", LibC.O_RDONLY);
            Assert.That(flock(RawFile.Number(readable), Exclusive | NonBlocking), Is.Zero);
            isLocked.Set();
            Assert.That(isOpened.Wait(s_bound), Is.True);
        }), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.That(isLocked.Wait(s_bound), Is.True);

        var refused = Catch(() => UioDevice.Open(_edu).Dispose());
        isOpened.Set();

        Assert.That(refused, Is.Null);
        holder.Wait();
    }

    private static (string Edu, string Other) Renamed(MountNamespace mounts)
    {
        var edu = UnderTest.DevicePath;
        var other = UioDevice.List().Single(device => device.ParentName == SysDevice.Sata.Name).DevicePath;
        var number = MountNamespace.DeviceOf(Path.GetFileName(other));
        mounts.Hide("/dev");
        MountNamespace.MakeNode(edu, number);
        return (edu, other);
    }

    private static int Number(string path) => int.Parse(Path.GetFileName(path)["uio".Length..]);

    private static string Busy(string path)
    {
        var error = Assert.Throws<UioException>(() => UioDevice.Open(UioDeviceId.FromPath(path)).Dispose())!;
        Assert.That(error.Errno, Is.EqualTo(LibC.EBUSY));
        return error.Message;
    }

    private static Exception? Catch(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception error)
        {
            return error;
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int link(string from, string to);

    [LibraryImport("libc")]
    private static partial int flock(int file, int operation);
}
