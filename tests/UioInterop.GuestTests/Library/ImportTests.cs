using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

internal sealed class ImportTests
{
    private UioDevice _device = null!;

    [SetUp]
    public void Open()
    {
        UnderTest.Bind();
        _device = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name));
    }

    [TearDown]
    public void Close() => _device.Dispose();

    [Test, Category(Needs.Import)]
    public void A_mapping_is_as_long_as_its_buffer()
    {
        using var buffer = DmaHeap.Cma.Allocate(5000);
        using var mapping = _device.Import(buffer, DmaDirection.ToDevice);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(mapping.Length, Is.EqualTo(5000));
            Assert.That(mapping.Direction, Is.EqualTo(DmaDirection.ToDevice));
            Assert.That(mapping.Ranges, Is.EqualTo(new[] { new DmaRange(mapping.Address, 0, 5000) }));
        }
    }

    [Test, Category(Needs.Import)]
    public void The_same_buffer_twice_is_EBUSY_and_the_first_mapping_stays()
    {
        using var buffer = DmaHeap.Cma.Allocate(4096);
        using var mapping = _device.Import(buffer, DmaDirection.ToDevice);

        var error = Assert.Throws<UioException>(() => _device.Import(buffer, DmaDirection.ToDevice))!;

        Assert.That(error.Errno, Is.EqualTo(LibC.EBUSY));
        Assert.That(error.Device, Is.EqualTo(_device.Info.DevicePath));
        Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.EqualTo(1));
    }

    [Test, Category(Needs.Import)]
    public void Dispose_ends_a_mapping_once_and_the_buffer_can_be_imported_again()
    {
        using var buffer = DmaHeap.Cma.Allocate(4096);
        var mapping = _device.Import(buffer, DmaDirection.ToDevice);
        mapping.Dispose();
        Assert.That(() => mapping.Address, Throws.InstanceOf<ObjectDisposedException>());

        using var again = _device.Import(buffer, DmaDirection.FromDevice);
        mapping.Dispose();

        Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.EqualTo(1), "the old mapping's second Dispose did nothing");
    }

    [Test, Category(Needs.Import)]
    public void Disposing_the_device_ends_all_its_mappings()
    {
        using var buffer = DmaHeap.Cma.Allocate(4096);
        var mapping = _device.Import(buffer, DmaDirection.ToDevice);
        _ = _device.Registers;

        _device.Dispose();

        Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.Zero);
        Assert.That(() => mapping.Address, Throws.InstanceOf<ObjectDisposedException>());
        mapping.Dispose();
    }

    // Not left to the close, which does nothing while somebody else has the file.
    [Test, Category(Needs.Import)]
    public void Disposing_the_device_ends_its_mappings_although_the_file_stays_open()
    {
        using var buffer = DmaHeap.Cma.Allocate(4096);
        _device.Import(buffer, DmaDirection.ToDevice);
        using var second = Descriptors.DuplicateOf(_device.Info.DevicePath);

        _device.Dispose();

        Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.Zero);
    }

    [Test, Category(Needs.Import)]
    public void A_buffer_with_an_open_scope_is_not_given_to_a_device()
    {
        using var buffer = DmaHeap.Cma.Allocate(4096);
        using (buffer.BeginAccess(CpuAccessMode.Read))
            Assert.That(() => _device.Import(buffer, DmaDirection.FromDevice), Throws.InvalidOperationException);

        using var mapping = _device.Import(buffer, DmaDirection.FromDevice);
    }

    [TestCase(0)]
    [TestCase(4)]
    public void An_unknown_direction_is_refused(int direction)
    {
        using var buffer = DmaHeap.Cma.Allocate(4096);

        Assert.That(() => _device.Import(buffer, (DmaDirection)direction), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test, Category(Needs.Import)]
    public void After_the_driver_is_unbound_the_error_says_the_device_is_gone()
    {
        using var buffer = DmaHeap.Cma.Allocate(4096);
        using var other = DmaHeap.Cma.Allocate(4096);
        using var mapping = _device.Import(buffer, DmaDirection.ToDevice);

        UnderTest.Unbind();
        try
        {
            Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.Zero);
            var error = Assert.Throws<UioException>(() => _device.Import(other, DmaDirection.ToDevice))!;
            Assert.That(error.Errno, Is.EqualTo(LibC.ENODEV));
            Assert.That(mapping.Dispose, Throws.Nothing, "the kernel has ended it already");
            Assert.That(() => _device.TryWaitForInterrupt(TimeSpan.Zero, out _), Throws.InstanceOf<UioException>());
        }
        finally
        {
            UnderTest.Bind();
        }
    }

    [Test, Category(Needs.Boards)]
    public void Without_an_IOMMU_a_buffer_in_pieces_is_EINVAL_and_the_CMA_heap_is_named()
    {
        using var buffer = DmaBuf.AllocateFromMemfd(4 << 20);

        var error = Assert.Throws<UioException>(() => _device.Import(buffer, DmaDirection.ToDevice))!;

        Assert.That(error.Errno, Is.EqualTo(LibC.EINVAL));
        Assert.That(error.Remedy, Does.Contain("CMA").And.Contains("IOMMU"));
    }

    [Test, Category(Needs.NoImport), Category(Needs.Edu)]
    public void A_kernel_without_the_import_is_named_as_the_cause()
    {
        using var buffer = DmaHeap.Cma.Allocate(4096);

        var error = Assert.Throws<UioException>(() => _device.Import(buffer, DmaDirection.ToDevice))!;

        Assert.That(error.Errno, Is.EqualTo(LibC.ENOTTY));
        Assert.That(error.Remedy, Does.Contain("CONFIG_UIO_DMABUF"));
        var features = _device.Features;
        Assert.That((features.AttachesByHandle, features.WritesAddresses, features.RunsQuiescePrograms), Is.EqualTo((false, false, false)));
        Assert.That(_device.Registers.Read32(0), Is.EqualTo(0x010000edu), "registers work all the same");
    }
}
