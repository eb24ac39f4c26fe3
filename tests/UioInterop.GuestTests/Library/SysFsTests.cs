using Tmds.Linux;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

/// <summary>A /sys that hides things, refuses, or says what nobody expects.</summary>
[Category(Needs.Edu), Category(Needs.Pc)]
internal sealed class SysFsTests
{
    private string _folder = "";

    [SetUp]
    public void Bind()
    {
        UnderTest.Bind();
        _folder = $"/sys/class/uio/{Path.GetFileName(UnderTest.DevicePath)}";
    }

    [TestCase("/sys/class")]
    [TestCase("/sys/class/uio")]
    public void A_hidden_folder_is_told_with_a_remedy(string folder) =>
        MountNamespace.Run(mounts =>
        {
            mounts.Hide(folder, "0700");
            Refused(() => UioDevice.List());
            Refused(() => UioDevice.Open(UioDeviceId.FromNumber(0)));
            Refused(() => UioDevice.Open(UioDeviceId.FromName("x")));
        });

    [Test]
    public void A_hidden_bus_is_told_with_a_remedy() =>
        MountNamespace.Run(mounts =>
        {
            mounts.Hide("/sys/bus", "0700");
            Refused(() => PciFunction.Find(0x1234, 0x11e8));
            Refused(() => DriverBinding.Bind(UnderTest.Name, "uio_pci_generic"));
        });

    [Test]
    public void A_hidden_folder_of_heaps_is_told_with_a_remedy() =>
        MountNamespace.Run(mounts =>
        {
            mounts.Hide("/dev/dma_heap", "0700");
            Refused(() => DmaHeap.List());
            Refused(() => _ = DmaHeap.Cma);
        });

    [Test]
    public void An_unreadable_attribute_is_not_taken_for_absent() =>
        MountNamespace.Run(mounts =>
        {
            mounts.Replace($"{_folder}/name", "secret\n");
            RawFile.SetMode($"{_folder}/name", 0);
            Refused(() => UioDevice.List());
        });

    [Test]
    public void A_read_only_sys_is_told_with_a_remedy() =>
        MountNamespace.Run(mounts =>
        {
            mounts.MakeReadOnly("/sys");
            using var device = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name));

            var error = Assert.Throws<UioException>(() => _ = device.Pci)!;

            Assert.That(error.Errno, Is.EqualTo(LibC.EROFS));
            Assert.That(error.Remedy, Does.Contain("read-only"));
        });

    [Test]
    public void A_name_keeps_the_blanks_at_its_ends() =>
        MountNamespace.Run(mounts =>
        {
            mounts.Replace($"{_folder}/name", " camera \n");

            Assert.That(UioDevice.List().Select(device => device.Name), Does.Contain(" camera "));
            UioDevice.Open(UioDeviceId.FromName(" camera ")).Dispose();
        });

    [Test]
    public void A_device_opens_by_number_whatever_the_others_are_like()
    {
        var number = int.Parse(Path.GetFileName(_folder)["uio".Length..]);
        SysDevice.Sata.Bind("uio_pci_generic");
        try
        {
            var other = UioDevice.List().Single(device => device.ParentName == SysDevice.Sata.Name);
            MountNamespace.Run(mounts =>
            {
                mounts.Replace($"/sys/class/uio/uio{other.Number}/name", "x\n");
                RawFile.SetMode($"/sys/class/uio/uio{other.Number}/name", 0);
                Assert.That(Unprivileged.Run(() => UioDeviceLookup.Find(UioDeviceId.FromNumber(number))), Is.Null);
                Refused(() => UioDevice.List());
            });
        }
        finally
        {
            SysDevice.Sata.Free();
        }
    }

    // Its last page is one that the kernel does not map.
    [Test]
    public void A_map_of_an_odd_size_is_mapped_up_to_its_last_whole_page() =>
        WithSize("0x100800", device =>
        {
            Assert.That(device.Registers.Length, Is.EqualTo(1 << 20));
            Assert.That(device.Registers.Read32(0), Is.EqualTo(0x010000ed));
        });

    [TestCase("0x0000000000001000", "0x1800")]
    [TestCase("0x0000000000000000", "0x0")]
    [TestCase("0xffffffffffffffff", "0x0")]
    [TestCase("0x1000", "0xffffffffffffffff")]
    public void A_map_that_cannot_be_is_refused_when_it_is_mapped(string size, string offset) =>
        WithSize(size, device => Assert.That(() => device.Registers, Throws.InstanceOf<UioException>()), offset);

    [Test]
    public void A_map_beyond_2_GiB_says_how_long_it_is() =>
        WithSize("0x180000000", device => Assert.That(device.Info.Maps[0].Length, Is.EqualTo(0x180000000)));

    [Test]
    public void A_function_of_which_uio_pci_generic_makes_no_map_is_answered_with_its_resources() =>
        MountNamespace.Run(mounts =>
        {
            mounts.Hide($"{_folder}/maps");
            using var device = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name));

            var error = Assert.Throws<ArgumentOutOfRangeException>(() => _ = device.Registers)!;

            Assert.That(error.Message, Does.Contain($"/sys/bus/pci/devices/{UnderTest.Name}/resource0").And.Contains("64-bit"));
        });

    // As a device tree's reserved-memory node names it.
    [TestCase("linux,cma@30000000")]
    [TestCase("video-memory")]
    public void The_default_CMA_heap_is_found_by_any_name(string name) =>
        MountNamespace.Run(mounts =>
        {
            ulong system = Number(DmaHeap.System), cma = Number(DmaHeap.Cma);
            mounts.Hide("/dev/dma_heap");
            MountNamespace.MakeNode("/dev/dma_heap/system", system);
            MountNamespace.MakeNode($"/dev/dma_heap/{name}", cma);

            Assert.That(DmaHeap.Cma.Name, Is.EqualTo(name));
            DmaHeap.Cma.Allocate(1).Dispose();

            static ulong Number(DmaHeap heap)
            {
                var parts = File.ReadAllText($"/sys/class/dma_heap/{heap.Name}/dev").Trim().Split(':');
                return ulong.Parse(parts[0]) << 8 | ulong.Parse(parts[1]);
            }
        });

    private void WithSize(string size, Action<UioDevice> test, string offset = "0x0") =>
        MountNamespace.Run(mounts =>
        {
            mounts.Replace($"{_folder}/maps/map0/size", size + "\n").Replace($"{_folder}/maps/map0/offset", offset + "\n");
            using var device = UioDevice.Open(UioDeviceId.FromParent(UnderTest.Name));
            test(device);
        });

    /// <summary>As nobody, in the same view of the file system.</summary>
    private static void Refused(Action action)
    {
        var error = Unprivileged.Run(action);
        Assert.That(error, Is.InstanceOf<UioException>());
        Assert.That(((UioException)error!).Errno, Is.EqualTo(LibC.EACCES));
        Assert.That(((UioException)error).Remedy, Is.Not.Empty);
    }
}
