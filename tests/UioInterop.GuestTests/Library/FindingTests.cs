using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

[Category(Needs.Edu)]
internal sealed class FindingTests
{
    private const string PciUio = "uio_pci_generic";
    private readonly SysDevice _edu = UnderTest.OnItsBus;

    [SetUp]
    public void Bind() => UnderTest.Bind();

    [TearDown]
    public void FreeDevices()
    {
        SysDevice.Sata.Free();
        SysDevice.Unclaimed.Free();
    }

    [Test]
    public void A_device_opens_by_its_PCI_address_with_and_without_the_domain()
    {
        foreach (var address in new[] { _edu.Name, _edu.Name["0000:".Length..] })
        {
            using var device = UioDevice.Open(UioDeviceId.FromPciAddress(address));
            Assert.That(device.Info.ParentName, Is.EqualTo(_edu.Name));
        }
    }

    [Test]
    public void A_PCI_address_is_the_same_in_each_way_of_writing()
    {
        Assert.That(UioDeviceId.FromPciAddress("0A:1F.2"), Is.EqualTo(UioDeviceId.FromPciAddress("0000:0a:1f.2")));
        Assert.That(UioDeviceId.FromPciAddress("10000:01:00.0"), Is.Not.EqualTo(UioDeviceId.FromPciAddress("0000:01:00.0")));
    }

    [TestCase("0:1.0")]
    [TestCase("00:20.0")]
    [TestCase("00:01.8")]
    [TestCase("0000:00:01")]
    [TestCase("000:00:01.0")]
    [TestCase("00:01.0\n")]
    [TestCase("uio0")]
    public void An_invalid_PCI_address_is_refused(string address) =>
        Assert.That(() => UioDeviceId.FromPciAddress(address), Throws.ArgumentException.With.Message.Contains("0000:00:02.0"));

    [Test, Category(Needs.Pc)]
    public void A_name_that_two_devices_have_is_answered_with_both()
    {
        SysDevice.Sata.Bind(PciUio);

        var error = Assert.Throws<UioException>(() => UioDevice.Open(UioDeviceId.FromName(PciUio)))!;

        Assert.That(error.Errno, Is.EqualTo(LibC.ENOTUNIQ));
        Assert.That(error.Message, Does.Contain(_edu.Name).And.Contains(SysDevice.Sata.Name));
    }

    [Test]
    public void A_function_without_a_driver_is_answered_with_the_way_to_bind_it()
    {
        _edu.Free();

        foreach (var id in new[] { UioDeviceId.FromPciAddress(_edu.Name), UioDeviceId.FromParent(_edu.Name) })
            Assert.That(Missing(id), Does.Contain("has no driver").And.Contains($"Bind(\"{_edu.Name}\", \"{PciUio}\")"));
    }

    [Test]
    public void A_function_that_is_kept_for_another_driver_is_answered_with_that()
    {
        _edu.Free();
        _edu.Override = "vfio-pci";
        var message = Missing(UioDeviceId.FromPciAddress(_edu.Name));
        _edu.Override = null;

        Assert.That(message, Does.Contain("vfio-pci").And.Contains("takeOver"));
    }

    [Test]
    public void A_device_with_another_driver_is_answered_with_that()
    {
        SysDevice.Unclaimed.Bind("alarmtimer");

        Assert.That(Missing(UioDeviceId.FromParent(SysDevice.Unclaimed.Name)),
            Does.Contain("the driver alarmtimer").And.Contains("uio_pdrv_genirq"));
    }

    [Test]
    public void An_address_with_nothing_at_it_is_answered_with_the_nearest() =>
        Assert.That(Missing(UioDeviceId.FromPciAddress("00:01.7")), Does.Contain($"nearest are {_edu.Name}"));

    [Test]
    public void A_link_is_followed_when_it_is_there()
    {
        var link = Path.Combine(Path.GetTempPath(), "my-dma");
        var id = UioDeviceId.FromPath(link);
        Assert.That(Missing(id), Does.Contain(link));

        File.CreateSymbolicLink(link, UnderTest.DevicePath);
        try
        {
            using var device = UioDevice.Open(id);
            Assert.That(device.Info.DevicePath, Is.EqualTo(UnderTest.DevicePath));
        }
        finally
        {
            File.Delete(link);
        }
    }

    [TestCase("/dev/null")]
    [TestCase("/sys")]
    public void A_node_that_is_not_of_a_UIO_device_is_refused(string path) =>
        Assert.That(() => UioDeviceId.FromPath(path), Throws.ArgumentException);

    [Test]
    public void No_id_at_all_is_refused() => Assert.That(() => UioDevice.Open(default), Throws.ArgumentException);

    [Test, Category(Needs.Pc)]
    public void A_machine_without_a_device_tree_says_so()
    {
        UioDeviceId[] ids = [UioDeviceId.FromDeviceTreeNode("/axi/dma@fd500000"), UioDeviceId.FromDeviceTreeAlias("dma0"),
            UioDeviceId.FromCompatible("generic-uio")];

        foreach (var id in ids)
            Assert.That(Missing(id), Does.Contain("no device tree"), id.ToString());
    }

    [Test]
    public void A_device_that_comes_from_no_device_tree_has_no_node()
    {
        var info = UioDevice.List().Single(device => device.ParentName == _edu.Name);

        Assert.That((info.DeviceTreeNode, info.Compatible.Count), Is.EqualTo(("", 0)));
    }

    [Test]
    public void A_node_is_named_by_its_full_path() =>
        Assert.That(() => UioDeviceId.FromDeviceTreeNode("dma0"), Throws.ArgumentException.With.Message.Contains("FromDeviceTreeAlias"));

    private static string Missing(UioDeviceId id)
    {
        var error = Assert.Throws<UioException>(() => UioDevice.Open(id).Dispose())!;
        Assert.That(error.Errno, Is.EqualTo(LibC.ENODEV));
        return error.Message;
    }
}
