using System.Text.RegularExpressions;
using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

[Category(Needs.Edu)]
internal sealed partial class BindingTests
{
    private const string PciUio = "uio_pci_generic";
    private const string PlatformUio = "uio_pdrv_genirq";

    // Drivers of the test kernel: exar_serial refuses what is not in its table, alarmtimer takes everything.
    private const string Refusing = "exar_serial";
    private const string Other = "alarmtimer";

    private readonly SysDevice _edu = UnderTest.OnItsBus;
    private readonly SysDevice _platform = SysDevice.Unclaimed;
    private IReadOnlyList<string> _descriptors = [];

    [SetUp]
    public void FreeDevices()
    {
        _edu.Free();
        _platform.Free();
        _descriptors = Settled.Of(() => Descriptors.Targets);
    }

    [TearDown]
    public void Check()
    {
        _edu.Free();
        _platform.Free();
        Assert.That(Descriptors.Targets, Is.EqualTo(_descriptors), "descriptors left open");
    }

    [Test]
    public void A_PCI_function_is_bound_and_given_back()
    {
        using (var binding = DriverBinding.Bind(_edu.Name, PciUio))
        {
            Assert.That((binding.Device, binding.Driver, binding.PreviousDriver), Is.EqualTo((_edu.Name, PciUio, (string?)null)));
            using var device = UioDevice.Open(UioDeviceId.FromPciAddress(binding.Device));
            Assert.That(device.Registers.Read32(0), Is.EqualTo(0x010000edu));
        }

        Assert.That((_edu.Driver, _edu.Override), Is.EqualTo(((string?)null, (string?)null)));
    }

    [Test]
    public void A_PCI_address_goes_without_its_domain()
    {
        using var binding = DriverBinding.Bind(_edu.Name["0000:".Length..], PciUio);

        Assert.That(binding.Device, Is.EqualTo(_edu.Name));
        Assert.That(_edu.Driver, Is.EqualTo(PciUio));
    }

    [Test, Category(Needs.PlatformUio)]
    public void A_platform_device_is_bound_and_given_back()
    {
        using (var binding = DriverBinding.Bind(_platform.Name, PlatformUio))
        {
            using var device = UioDevice.Open(UioDeviceId.FromParent(binding.Device));
            Assert.That((device.Info.Driver, device.Info.ParentName), Is.EqualTo((PlatformUio, _platform.Name)));
        }

        Assert.That((_platform.Driver, _platform.Override), Is.EqualTo(((string?)null, (string?)null)));
    }

    [Test]
    public void Kept_means_bound_after_Dispose()
    {
        var binding = DriverBinding.Bind(_edu.Name, PciUio);
        binding.Keep();
        binding.Dispose();

        Assert.That((_edu.Driver, _edu.Override), Is.EqualTo((PciUio, PciUio)));
    }

    [Test]
    public void A_device_already_bound_stays_bound()
    {
        _edu.Bind(PciUio);
        _edu.Override = null;
        using var device = UioDevice.Open(UioDeviceId.FromPciAddress(_edu.Name));

        using (var binding = DriverBinding.Bind(_edu.Name, PciUio))
            Assert.That(binding.PreviousDriver, Is.EqualTo(PciUio));

        Assert.That((_edu.Driver, _edu.Override), Is.EqualTo((PciUio, (string?)null)));
        Assert.That(() => device.TryWaitForInterrupt(TimeSpan.Zero, out _), Throws.Nothing, "it was never away");
    }

    [Test]
    public void A_device_of_another_driver_is_not_taken_over_by_default()
    {
        _platform.Bind(Other);

        var error = Assert.Throws<UioException>(() => DriverBinding.Bind(_platform.Name, PlatformUio))!;

        Assert.That((error.Errno, error.Device), Is.EqualTo((LibC.EBUSY, _platform.Name)));
        Assert.That(error.Remedy, Does.Contain(Other).And.Contains("takeOver"));
        Assert.That((_platform.Driver, _platform.Override), Is.EqualTo((Other, Other)));
    }

    [TestCase(Other), Category(Needs.PlatformUio)]
    [TestCase(null)]
    public void A_device_taken_over_goes_back_to_its_driver(string? driverOverride)
    {
        _platform.Bind(Other);
        _platform.Override = driverOverride;

        using (var binding = DriverBinding.Bind(_platform.Name, PlatformUio, takeOver: true))
        {
            Assert.That(binding.PreviousDriver, Is.EqualTo(Other));
            Assert.That(_platform.Driver, Is.EqualTo(PlatformUio));
            binding.GiveBack();
            Assert.That((_platform.Driver, _platform.Override), Is.EqualTo((Other, driverOverride)));
        }

        Assert.That((_platform.Driver, _platform.Override), Is.EqualTo((Other, driverOverride)), "the second time it does nothing");
    }

    [Test]
    public void A_device_reserved_for_another_driver_is_not_taken_over_by_default()
    {
        _edu.Override = "vfio-pci";

        var error = Assert.Throws<UioException>(() => DriverBinding.Bind(_edu.Name, PciUio))!;
        Assert.That(error.Errno, Is.EqualTo(LibC.EBUSY));
        Assert.That(error.Remedy, Does.Contain("vfio-pci").And.Contains("driver_override"));

        using (DriverBinding.Bind(_edu.Name, PciUio, takeOver: true))
            Assert.That(_edu.Driver, Is.EqualTo(PciUio));
        Assert.That((_edu.Driver, _edu.Override), Is.EqualTo(((string?)null, "vfio-pci")));
    }

    [Test]
    public void A_driver_that_refuses_tells_why_and_leaves_the_device_where_it_was()
    {
        KernelLogCheckAttribute.Expect(Refused());
        _edu.Bind(PciUio);

        var error = Assert.Throws<UioException>(() => DriverBinding.Bind(_edu.Name, Refusing, takeOver: true))!;

        Assert.That(error.Errno, Is.EqualTo(LibC.EINVAL), "what the driver's probe returned");
        Assert.That(error.Remedy, Does.Contain(Refusing));
        Assert.That((_edu.Driver, _edu.Override), Is.EqualTo((PciUio, PciUio)));
    }

    // A platform device from neither ACPI nor a device tree, where uio_pdrv_genirq looks for a name.
    [Test, Category(Needs.Pc)]
    public void A_device_that_uio_pdrv_genirq_refuses_goes_back_to_its_driver()
    {
        KernelLogCheckAttribute.Expect(Refused());
        var keyboard = new SysDevice("platform", "i8042");
        Assert.That(keyboard.Driver, Is.EqualTo("i8042"));

        var error = Assert.Throws<UioException>(() => DriverBinding.Bind(keyboard.Name, PlatformUio, takeOver: true))!;

        Assert.That(error.Errno, Is.EqualTo(LibC.EINVAL));
        Assert.That(error.Remedy, Does.Contain("device tree"));
        Assert.That((keyboard.Driver, keyboard.Override), Is.EqualTo(("i8042", (string?)null)));
    }

    private static readonly (string Device, string Driver, string[] Words)[] s_wrong =
    [
        ("0000:00:01.7", PciUio, ["0000:00:01.7", "0000:00:01.0"]), ("../drivers/serial", PciUio, ["nearest"]),
        ("0000:00:01.0", "uio_nowhere", ["modprobe uio_nowhere", "CONFIG_UIO_NOWHERE"]),
        ("0000:00:01.0", PlatformUio, ["platform", PciUio]), ("serial8250", PciUio, ["pci", PlatformUio]),
        ("0000:00:01.0", "../platform/drivers/alarmtimer", ["no pci driver"]),
    ];

    [TestCaseSource(nameof(s_wrong))]
    public void A_missing_device_is_answered_with_a_list_of_devices((string Device, string Driver, string[] Words) asked)
    {
        var error = Assert.Throws<UioException>(() => DriverBinding.Bind(asked.Device, asked.Driver))!;

        Assert.That(error.Errno, Is.EqualTo(LibC.ENODEV));
        foreach (var word in asked.Words)
            Assert.That(error.Message, Does.Contain(word));
    }

    [Test]
    public void Binding_takes_root_and_without_changes_nothing()
    {
        _platform.Bind(Other);

        var free = Unprivileged.Run(() => DriverBinding.Bind(_edu.Name, PciUio));
        var used = Unprivileged.Run(() => DriverBinding.Bind(_platform.Name, PlatformUio, takeOver: true));
        var id = Unprivileged.Run(() => PciDynamicId.Add(PciUio, 0x1234, 0x11e8));

        foreach (var error in new[] { free, used, id }.Cast<UioException>())
        {
            Assert.That(error.Errno, Is.EqualTo(LibC.EACCES));
            Assert.That(error.Remedy, Does.Contain("root"));
        }
        Assert.That((_edu.Driver, _edu.Override), Is.EqualTo(((string?)null, (string?)null)));
        Assert.That((_platform.Driver, _platform.Override), Is.EqualTo((Other, Other)));
    }

    [Test]
    public void Giving_back_that_failed_can_be_tried_again()
    {
        var binding = DriverBinding.Bind(_edu.Name, PciUio);

        var error = Unprivileged.Run(binding.GiveBack);
        var silent = Unprivileged.Run(binding.Dispose);

        Assert.That(((UioException)error!).Errno, Is.EqualTo(LibC.EACCES));
        Assert.That(silent, Is.Null);
        Assert.That(_edu.Driver, Is.EqualTo(PciUio));
        binding.GiveBack();
        Assert.That(_edu.Driver, Is.Null);
    }

    [Test, Category(Needs.PlatformUio)]
    public void A_change_by_another_process_is_left_alone()
    {
        _platform.Bind(Other);
        var binding = DriverBinding.Bind(_platform.Name, PlatformUio, takeOver: true);
        _platform.Free();
        _platform.Override = "vfio-platform";

        binding.GiveBack();

        Assert.That((_platform.Driver, _platform.Override), Is.EqualTo(((string?)null, "vfio-platform")));
    }

    [Test]
    public void A_device_that_was_unbound_by_hand_gets_its_override_back()
    {
        var binding = DriverBinding.Bind(_edu.Name, PciUio);
        UnderTest.Unbind();

        binding.GiveBack();

        Assert.That((_edu.Driver, _edu.Override), Is.EqualTo(((string?)null, (string?)null)));
    }

    [Test]
    public void Giving_back_under_an_open_device_ends_it_with_clear_errors()
    {
        using var binding = DriverBinding.Bind(_edu.Name, PciUio);
        using var device = UioDevice.Open(UioDeviceId.FromPciAddress(binding.Device));
        var registers = device.Registers;

        binding.GiveBack();

        Assert.That(_edu.Driver, Is.Null);
        var error = Assert.Throws<UioException>(() => device.TryWaitForInterrupt(TimeSpan.FromSeconds(5), out _))!;
        Assert.That(error.Errno, Is.EqualTo(LibC.EIO).Or.EqualTo(LibC.ENODEV));
        Assert.That(error.Remedy, Does.Contain("unbound"));
        device.Dispose();
        Assert.That(() => registers.Read32(0), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void An_id_brings_the_functions_and_takes_them_along()
    {
        using (var id = PciDynamicId.Add(PciUio, 0x1234, 0x11e8))
        {
            Assert.That(id.Functions, Is.EqualTo(new[] { _edu.Name }));
            Assert.That((_edu.Driver, _edu.Override), Is.EqualTo((PciUio, (string?)null)));

            var error = Assert.Throws<UioException>(() => PciDynamicId.Add(PciUio, 0x1234, 0x11e8))!;
            Assert.That((error.Errno, _edu.Driver), Is.EqualTo((LibC.EEXIST, PciUio)));
        }

        Assert.That(_edu.Driver, Is.Null);
        File.WriteAllText("/sys/bus/pci/drivers_probe", _edu.Name);
        Assert.That(_edu.Driver, Is.Null, "the driver does not know the id any more");
    }

    [Test]
    public void An_id_brings_a_function_that_appears_later()
    {
        using var id = PciDynamicId.Add(PciUio, 0x1234, 0x11e8);

        File.WriteAllText($"/sys/bus/pci/devices/{_edu.Name}/remove", "1");
        Assert.That(id.Functions, Is.Empty);
        File.WriteAllText("/sys/bus/pci/rescan", "1");

        Assert.That(id.Functions, Is.EqualTo(new[] { _edu.Name }));
    }

    [Test]
    public void An_id_leaves_the_functions_that_the_driver_had_before()
    {
        _edu.Bind(PciUio);

        PciDynamicId.Add(PciUio, 0x1234, 0x11e8).Dispose();

        Assert.That(_edu.Driver, Is.EqualTo(PciUio));
    }

    [Test]
    public void A_kept_id_stays_and_one_that_is_gone_is_told()
    {
        var id = PciDynamicId.Add(PciUio, 0x1234, 0x11e8);
        id.Keep();
        id.Dispose();
        Assert.That(id.Functions, Is.EqualTo(new[] { _edu.Name }));
        File.WriteAllText($"/sys/bus/pci/drivers/{PciUio}/remove_id", "1234 11e8");
        _edu.Free();

        using var again = PciDynamicId.Add(PciUio, 0x1234, 0x11e8);
        File.WriteAllText($"/sys/bus/pci/drivers/{PciUio}/remove_id", "1234 11e8");
        var error = Assert.Throws<UioException>(again.Remove)!;
        Assert.That(error.Errno, Is.EqualTo(LibC.ENODEV));
        Assert.That(_edu.Driver, Is.Null, "unbound all the same");
    }

    // Linux 6.12, and 6.1.
    [GeneratedRegex("^((uio_pdrv_genirq i8042|exar_serial [0-9a-f:.]+): (missing platform_data|probe with driver .* failed with error -22)"
        + "|\\S+: probe of \\S+ failed with error -22)$")]
    private static partial Regex Refused();
}
