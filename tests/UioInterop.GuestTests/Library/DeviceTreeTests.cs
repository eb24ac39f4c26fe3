using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

/// <summary>Finding and binding by the device tree: QEMU's own, and the one in tests/machines/zcu102.dts.</summary>
[Category(Needs.DeviceTree)]
internal sealed class DeviceTreeTests
{
    private const string Driver = "uio_pdrv_genirq";

    [TearDown]
    public void FreeDevice() => SysDevice.Unclaimed.Free();

    [Test]
    public void A_platform_device_is_bound_opens_by_its_node_and_is_given_back()
    {
        using (var binding = DriverBinding.Bind(SysDevice.Unclaimed.Name, Driver))
        {
            var info = Opened(UioDeviceId.FromParent(binding.Device));
            Assert.That(info.DeviceTreeNode, Is.EqualTo(NodeOf(SysDevice.Unclaimed)));
            Assert.That(info.Compatible, Is.EqualTo(CompatibleOf(SysDevice.Unclaimed)));

            Assert.That(Opened(UioDeviceId.FromDeviceTreeNode(info.DeviceTreeNode)).Number, Is.EqualTo(info.Number));
            Assert.That(Opened(UioDeviceId.FromCompatible(info.Compatible[0])).Number, Is.EqualTo(info.Number));
        }

        Assert.That((SysDevice.Unclaimed.Driver, SysDevice.Unclaimed.Override), Is.EqualTo(((string?)null, (string?)null)));
    }

    [Test]
    public async Task A_device_is_awaited_by_its_node()
    {
        var arrival = UioDeviceArrival.WaitAsync(UioDeviceId.FromDeviceTreeNode(NodeOf(SysDevice.Unclaimed)), TimeSpan.FromSeconds(30),
            CancellationToken.None);

        using var binding = DriverBinding.Bind(SysDevice.Unclaimed.Name, Driver);

        Assert.That((await arrival).ParentName, Is.EqualTo(binding.Device));
    }

    [Test]
    public void A_node_or_compatible_without_a_driver_is_answered_with_the_way_to_bind_it()
    {
        UioDeviceId[] ids = [UioDeviceId.FromDeviceTreeNode(NodeOf(SysDevice.Unclaimed)),
            UioDeviceId.FromCompatible(CompatibleOf(SysDevice.Unclaimed)[0])];

        foreach (var id in ids)
            Assert.That(Missing(id), Does.Contain($"DriverBinding.Bind(\"{SysDevice.Unclaimed.Name}\", \"{Driver}\")"), id.ToString());
    }

    [Test]
    public void A_missing_node_alias_or_compatible_is_named()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Missing(UioDeviceId.FromDeviceTreeNode("/no/such@node")), Does.Contain("has no node /no/such@node"));
            Assert.That(Missing(UioDeviceId.FromDeviceTreeNode("/cpus")), Does.Contain("the device tree has /cpus, but"));
            Assert.That(Missing(UioDeviceId.FromDeviceTreeAlias("nothing0")), Does.Contain("the device tree has no"));
            Assert.That(Missing(UioDeviceId.FromCompatible("nobody,nothing")), Does.Contain("made from a node with that"));
        }
    }

    [TestCase("dma0", "/soc/dma@ffa80000", "zdma0"), Category(Needs.GenericUio)]
    [TestCase("copier", "/soc/dma@ffa90000", "zdma1"), Category(Needs.GenericUio)]
    public void A_device_opens_by_alias_node_and_name(string alias, string node, string name)
    {
        UnderTest.Bind();
        var info = Opened(UioDeviceId.FromDeviceTreeAlias(alias));

        Assert.That((info.DeviceTreeNode, info.Name), Is.EqualTo((node, name)));
        Assert.That(Opened(UioDeviceId.FromDeviceTreeNode(node)).Number, Is.EqualTo(info.Number));
        Assert.That(Opened(UioDeviceId.FromName(name)).Number, Is.EqualTo(info.Number));
    }

    [Test, Category(Needs.GenericUio)]
    public void A_compatible_that_several_devices_have_is_answered_with_all()
    {
        var error = Assert.Throws<UioException>(() => UioDevice.Open(UioDeviceId.FromCompatible("generic-uio")).Dispose())!;

        Assert.That(error.Errno, Is.EqualTo(LibC.ENOTUNIQ));
        Assert.That(error.Message, Does.Contain("zdma1").And.Contains("zdma2"));
    }

    [Test, Category(Needs.GenericUio)]
    public void An_alias_of_another_device_is_refused_with_what_it_is() =>
        Assert.That(Missing(UioDeviceId.FromDeviceTreeAlias("serial0")), Does.Contain("the driver xuartps"));

    [Test, Category(Needs.GenericUio)]
    public void An_alias_that_is_not_there_is_answered_with_those_that_are() =>
        Assert.That(Missing(UioDeviceId.FromDeviceTreeAlias("dma7")), Does.Contain("copier = /soc/dma@ffa90000").And.Not.Contain("name ="));

    [Test, Category(Needs.GenericUio)]
    public void A_disabled_node_is_told() =>
        Assert.That(Missing(UioDeviceId.FromDeviceTreeNode("/soc/dma@ffac0000")), Does.Contain("\"disabled\""));

    private static UioDeviceInfo Opened(UioDeviceId id)
    {
        using var device = UioDevice.Open(id);
        return device.Info;
    }

    private static string Missing(UioDeviceId id)
    {
        var error = Assert.Throws<UioException>(() => UioDevice.Open(id).Dispose())!;
        Assert.That(error.Errno, Is.EqualTo(LibC.ENODEV));
        return error.Message;
    }

    private static string NodeOf(SysDevice device)
    {
        // .NET takes a link's ".." by the letters of its path, so the path must not lead through another link.
        var folder = Directory.ResolveLinkTarget(device.Folder, returnFinalTarget: false)!.FullName;
        return Directory.ResolveLinkTarget($"{folder}/of_node",
            returnFinalTarget: false)!.FullName["/sys/firmware/devicetree/base".Length..];
    }

    private static string[] CompatibleOf(SysDevice device) =>
        File.ReadAllText($"{device.Folder}/of_node/compatible").TrimEnd('\0').Split('\0');
}
