using NUnit.Framework;
using UioInterop;
using UioInterop.Devices;

/// <summary>A driver, with the device that QEMU has on the machine's PCI bus.</summary>
public sealed class EduDeviceTests
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    private DriverBinding? _binding;
    private EduDevice _edu = null!;

    [OneTimeSetUp]
    public void OpenDevice()
    {
        _binding = DriverBinding.Bind("0000:00:01.0", "uio_pci_generic");
        _edu = EduDevice.Open("0000:00:01.0");
    }

    [OneTimeTearDown]
    public void CloseDevice()
    {
        _edu.Dispose();
        _binding?.Dispose();
    }

    [TestCase(1)]
    [TestCase(512)]
    public void Words_go_there_and_back(int count)
    {
        using var source = _edu.Device.Allocate<uint>(count, DmaDirection.ToDevice);
        using var target = _edu.Device.Allocate<uint>(count, DmaDirection.FromDevice);
        source.Write([.. Enumerable.Range(1, count).Select(i => (uint)i)]);

        _edu.CopyToDevice(source, 0, count * sizeof(uint), s_timeout);
        _edu.CopyFromDevice(target, 0, count * sizeof(uint), s_timeout);

        Assert.That(target.ToArray(), Is.EqualTo(source.ToArray()));
    }

    [Test]
    public void More_than_the_device_holds_is_refused()
    {
        using var source = _edu.Device.Allocate<uint>(2048, DmaDirection.ToDevice);

        Assert.That(
            () => _edu.CopyToDevice(source, 0, 2048 * sizeof(uint), s_timeout), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }
}
