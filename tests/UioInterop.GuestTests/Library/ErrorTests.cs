using System.Reflection;
using UioInterop.GuestTests.Support;

namespace UioInterop.GuestTests.Library;

/// <summary>
/// What each public call throws when the machine does not do what it asks: which call, on what, the error number, what
/// to do, and that nothing is left behind.
/// </summary>
internal sealed class ErrorTests
{
    /// <summary>One way in which a call fails.</summary>
    /// <param name="Member">The public call, as <c>Type.Member</c>.</param>
    /// <param name="Why">The way, in words.</param>
    /// <param name="Call">What the exception calls it.</param>
    /// <param name="Errno">The error number.</param>
    /// <param name="Remedy">A word of what to do about it.</param>
    /// <param name="Act">The call, in a scene that is gone afterwards.</param>
    internal sealed record Row(string Member, string Why, string Call, int Errno, string Remedy, Action<Scene> Act)
    {
        public string[] Needs { get; init; } = [];
    }

    private const long MoreThanMemory = 1L << 40;
    private static readonly TimeSpan s_now = TimeSpan.Zero;

    private static readonly Row[] s_rows =
    [
        new("UioDevice.Find", "no such device", "open", 19, "there is", _ => UioDevice.Find(UioDeviceId.FromNumber(99))),
        new("UioDevice.Open", "no such device", "open", 19, "there is", _ => UioDevice.Open(UioDeviceId.FromNumber(99))),
        new("UioDevice.Open", "no permission", "open", 13, "udev rule", scene => Unprivileged.AsNobody(() => UioDevice.Open(scene.Id))),
        new("UioDevice.Open", "open already", "open", 16, "this program", scene => scene.OpenAgain()),
        new("UioDevice.Open", "no descriptor", "open", 24, "RLIMIT_NOFILE", scene => WithoutDescriptors(() => UioDevice.Open(scene.Id))),
        new("UioDevice.GetRegisters", "the device is gone", "mmap (registers)", 22, "unbound",
            scene => scene.WhenGone(device => device.GetRegisters(0))),
        new("UioDevice.Import", "the kernel has no import", "UIO_IOC_MAP_DMABUF", 25, "CONFIG_UIO_DMABUF",
            scene => scene.Device.Import(scene.Buffer, DmaDirection.ToDevice)) { Needs = [Needs.NoImport] },
        new("UioDevice.Import", "imported already", "UIO_IOC_DMABUF_ATTACH", 16, "that DmaMapping",
            scene => scene.Device.Import(scene.Mapping.Buffer, DmaDirection.ToDevice)) { Needs = [Needs.Handles] },
        new("UioDevice.Import", "imported already, by the boards' ioctl", "UIO_IOC_MAP_DMABUF", 16, "that DmaMapping",
            scene => scene.Device.Import(scene.Mapping.Buffer, DmaDirection.ToDevice)) { Needs = [Needs.Boards] },
        new("UioDevice.Import", "in pieces", "UIO_IOC_MAP_DMABUF", 22, "DmaHeap.Cma",
            scene => scene.Device.Import(scene.Keep(DmaBuf.AllocateFromMemfd(4 << 20)), DmaDirection.ToDevice)) { Needs = [Needs.Boards] },
        new("UioDevice.Import", "the device is gone", "UIO_IOC_DMABUF_ATTACH", 19, "unbound",
            scene => scene.WhenGone(device => device.Import(scene.Buffer, DmaDirection.ToDevice))) { Needs = [Needs.Handles] },
        new("UioDevice.Import", "the device is gone, by the boards' ioctl", "UIO_IOC_MAP_DMABUF", 19, "unbound",
            scene => scene.WhenGone(device => device.Import(scene.Buffer, DmaDirection.ToDevice))) { Needs = [Needs.Boards] },
        new("UioDevice.Import", "too many", "UIO_IOC_DMABUF_ATTACH", 28, "dmabuf/max_mappings",
            scene => scene.WithLimit("max_mappings", "0", device => device.Import(scene.Buffer, DmaDirection.ToDevice)))
            { Needs = [Needs.Handles] },
        new("UioDevice.Import", "too much", "UIO_IOC_DMABUF_ATTACH", 12, "dmabuf/max_bytes",
            scene => scene.WithLimit("max_bytes", "1", device => device.Import(scene.Buffer, DmaDirection.ToDevice)))
            { Needs = [Needs.Handles] },
        new("UioDevice.Import", "no IOMMU and no capability", "UIO_IOC_DMABUF_ATTACH", 1, "CAP_SYS_RAWIO",
            scene => scene.WithoutCapabilities(device => device.Import(scene.Buffer, DmaDirection.ToDevice)))
            { Needs = [Needs.Handles, Needs.Direct] },
        new("UioDevice.Import", "no IOMMU and no capability, by the boards' ioctl", "UIO_IOC_MAP_DMABUF", 1, "CAP_SYS_RAWIO",
            scene => scene.WithoutCapabilities(device => device.Import(scene.Buffer, DmaDirection.ToDevice)))
            { Needs = [Needs.Boards, Needs.Direct] },
        new("UioDevice.Import", "made for reading only", "UIO_IOC_DMABUF_ATTACH", 13, "opened for",
            scene => scene.Device.Import(scene.BufferForReadingOnly(), DmaDirection.FromDevice)) { Needs = [Needs.Handles] },
        new("UioDevice.Import", "made for writing only", "UIO_IOC_DMABUF_ATTACH", 13, "opened for",
            scene => scene.Device.Import(scene.BufferForWritingOnly(), DmaDirection.ToDevice)) { Needs = [Needs.Handles] },
        new("UioDevice.Import", "beyond the DMA mask", "UIO_IOC_DMABUF_ATTACH", 34, "dmabuf/dma_mask_bits",
            scene => scene.Device.Import(scene.Keep(DmaHeap.System.Allocate(4096)), DmaDirection.ToDevice)) { Needs = [Needs.Beyond] },
        new("UioDevice.SetQuiesceProgram", "memory", "UIO_IOC_SET_QUIESCE", 95, "physical registers", _ => Scene.SetProgramForMemory())
            { Needs = [Needs.Handles, Needs.GenericUio] },
        new("UioDevice.SetQuiesceProgram", "the kernel runs none", "UIO_IOC_SET_QUIESCE", 25, "CONFIG_UIO_DMABUF",
            scene => scene.Device.SetQuiesceProgram(null)) { Needs = [Needs.Boards] },
        new("UioDevice.SetQuiesceProgram", "the kernel has no import", "UIO_IOC_SET_QUIESCE", 25, "CONFIG_UIO_DMABUF",
            scene => scene.Device.SetQuiesceProgram(null)) { Needs = [Needs.NoImport] },
        new("UioDevice.SetQuiesceProgram", "too long polls", "UIO_IOC_SET_QUIESCE", 7, "MaxQuiesceTime",
            scene => scene.Device.SetQuiesceProgram(scene.PollFor(TimeSpan.FromSeconds(2)))) { Needs = [Needs.Handles] },
        new("UioDevice.SetQuiesceProgram", "the device is gone", "UIO_IOC_SET_QUIESCE", 19, "unbound",
            scene => scene.WhenGone(device => device.SetQuiesceProgram(null))) { Needs = [Needs.Handles] },
        new("DmaMapping.AddressOf", "detached by somebody else", "UIO_IOC_DMABUF_RANGES", 2, "other code",
            scene => scene.MappingThatSomebodyDetached().AddressOf(0, 1)) { Needs = [Needs.Handles] },
        new("DmaMapping.AddressOf", "the device is gone", "UIO_IOC_DMABUF_RANGES", 19, "unbound",
            scene => scene.MappingWhenGone(mapping => mapping.AddressOf(0, 1))) { Needs = [Needs.Handles] },
        new("Registers.WriteAddress", "detached by somebody else", "UIO_IOC_DMABUF_WRITE_ADDRESS", 2, "other code",
            scene => scene.WriteAddressOf(scene.MappingThatSomebodyDetached())) { Needs = [Needs.Handles, Needs.Edu] },
        new("Registers.WriteAddress", "the device is gone", "UIO_IOC_DMABUF_WRITE_ADDRESS", 19, "unbound",
            scene => scene.MappingWhenGone(scene.WriteAddressOf)) { Needs = [Needs.Handles, Needs.Edu] },
        new("DmaMapping.End", "detached by somebody else", "UIO_IOC_DMABUF_DETACH", 2, "other code",
            scene => scene.MappingThatSomebodyDetached().End()) { Needs = [Needs.Handles] },
        new("DmaMapping.End", "unmapped by somebody else", "UIO_IOC_UNMAP_DMABUF", 2, "other code",
            scene => scene.MappingThatSomebodyUnmapped().End()) { Needs = [Needs.Boards] },
        new("DmaMapping.End", "a transfer that nothing ends", "quiesce", 16, "Quiesce", scene => scene.MappingInTransfer().End())
            { Needs = [Needs.Import] },
        new("DmaMappingPool.new", "the kernel has no import", "UIO_IOC_MAP_DMABUF", 25, "CONFIG_UIO_DMABUF",
            scene => scene.Keep(new DmaMappingPool(scene.Device, DmaHeap.Cma, 4096, DmaDirection.ToDevice, capacity: 2)))
            { Needs = [Needs.NoImport] },
        new("DmaMappingCache.BeginTransfer", "the kernel has no import", "UIO_IOC_MAP_DMABUF", 25, "CONFIG_UIO_DMABUF",
            scene => new DmaMappingCache(scene.Device, capacity: 1).BeginTransfer(scene.Buffer, 0, 1)) { Needs = [Needs.NoImport] },
        new("UioDevice.TryWaitForInterrupt", "the device is gone", "read (interrupt count)", 5, "unbound",
            scene => scene.WhenGone(device => device.TryWaitForInterrupt(s_now, out _))),
        new("UioDevice.WaitForInterruptAsync", "the device is gone", "read (interrupt count)", 5, "unbound",
            scene => scene.WhenGone(device => device.WaitForInterruptAsync(s_now).AsTask().GetAwaiter().GetResult())),
        new("UioDevice.EnableInterrupt", "the device is gone", "write (irqcontrol)", 22, "unbound",
            scene => scene.WhenGone(device => device.EnableInterrupt())),
        new("UioDevice.WaitForAsync", "no permission", "open", 13, "udev rule",
            scene => Unprivileged.AsNobody(() => UioDevice.WaitForAsync(scene.Id, s_now).GetAwaiter().GetResult())),

        new("DmaHeap.Open", "no such heap", "open (dma-heap)", 2, "system", _ => DmaHeap.Open("nowhere")),
        new("DmaHeap.Allocate", "no permission", "open (dma-heap)", 13, "udev rule",
            _ => Unprivileged.AsNobody(() => DmaHeap.System.Allocate(1))),
        new("DmaHeap.Allocate", "no descriptor", "open (dma-heap)", 24, "RLIMIT_NOFILE",
            _ => WithoutDescriptors(() => DmaHeap.System.Allocate(1))),
        new("DmaHeap.Allocate", "no descriptor for the buffer", "DMA_HEAP_IOCTL_ALLOC", 24, "RLIMIT_NOFILE",
            _ => WithoutDescriptors(() => DmaHeap.System.Allocate(1), but: 1)),
        new("DmaHeap.Allocate", "out of CMA", "DMA_HEAP_IOCTL_ALLOC", 12, "cma=", _ => DmaHeap.Cma.Allocate(1L << 30)),
        new("DmaHeap.Allocate", "more than memory", "DMA_HEAP_IOCTL_ALLOC", 12, "memory", _ => DmaHeap.System.Allocate(MoreThanMemory)),
        new("DmaHeap.Allocate", "more than there are addresses", "DMA_HEAP_IOCTL_ALLOC", 12, "memory",
            _ => DmaHeap.System.Allocate(long.MaxValue - 4096)),
        new("DmaBuf.AllocateFromMemfd", "no permission", "UDMABUF_CREATE", 13, "udev rule",
            _ => Unprivileged.AsNobody(() => DmaBuf.AllocateFromMemfd(1))),
        new("DmaBuf.AllocateFromMemfd", "no descriptor", "UDMABUF_CREATE", 24, "RLIMIT_NOFILE",
            _ => WithoutDescriptors(() => DmaBuf.AllocateFromMemfd(1))),
        new("DmaBuf.AllocateFromMemfd", "no descriptor for the memory", "memfd_create", 24, "RLIMIT_NOFILE",
            _ => WithoutDescriptors(() => DmaBuf.AllocateFromMemfd(1), but: 1)),
        new("DmaBuf.AllocateFromMemfd", "more than there are addresses", "UDMABUF_CREATE", 22, "size_limit_mb",
            _ => DmaBuf.AllocateFromMemfd(long.MaxValue)),
        new("DmaBuf.AllocateFromMemfd", "beyond the limit", "UDMABUF_CREATE", 22, "size_limit_mb", _ => DmaBuf.AllocateFromMemfd(1L << 30)),
        new("DmaBuf.DuplicateHandle", "no descriptor", "fcntl (F_DUPFD_CLOEXEC)", 24, "RLIMIT_NOFILE",
            scene => scene.WithBuffer(buffer => WithoutDescriptors(() => buffer.DuplicateHandle()))),
        new("DmaBuf.FromHandle", "no descriptor", "fcntl (F_DUPFD_CLOEXEC)", 24, "RLIMIT_NOFILE",
            scene => scene.Lend(handle => WithoutDescriptors(() => DmaBuf.FromHandle(handle)))),
        new("DmaBuf.BeginAccess", "made for reading only", "mmap (dma-buf)", 13, "O_RDWR",
            scene => scene.BufferForReadingOnly().BeginAccess(CpuAccessMode.Read)),
        new("DmaBuf.BeginMemoryAccess", "made for reading only", "mmap (dma-buf)", 13, "O_RDWR",
            scene => scene.BufferForReadingOnly().BeginMemoryAccess(CpuAccessMode.Read)),

        new("PciFunction.Open", "no such function", "open (PCI config)", 2, "gone", _ => PciFunction.Open("0000:00:1f.7")),
        new("PciFunction.Open", "no permission", "open (PCI config)", 13, "root",
            _ => Unprivileged.AsNobody(() => PciFunction.Open(UnderTest.Name))) { Needs = [Needs.Edu] },
        new("PciFunction.Open", "no descriptor", "open (PCI config)", 24, "RLIMIT_NOFILE",
            _ => WithoutDescriptors(() => PciFunction.Open(UnderTest.Name))) { Needs = [Needs.Edu] },
        new("KernelLog.OpenAtEnd", "no descriptor", "read (kernel log)", 24, "RLIMIT_NOFILE",
            _ => WithoutDescriptors(() => KernelLog.OpenAtEnd())),
        new("UioDevice.List", "no descriptor", "open", 24, "RLIMIT_NOFILE", _ => WithoutDescriptors(() => UioDevice.List())),
    ];

    // Calls with tests of their own, and those that have nothing to ask the machine for.
    private static readonly string[] s_elsewhere =
    [
        "DriverBinding.*", "PciDynamicId.*", // BindingTests
        "DmaBuf.Send", "DmaBuf.Receive", "DmaBuf.ReceiveAsync", // BufferSharingTests
        "DmaMappingPool.*", "RentedMapping.*", // MappingPoolTests
        "DmaMappingCache.*", // MappingCacheTests
        "UioDevice.Dispose", "DmaBuf.Dispose", "CpuAccess.Dispose", "PciFunction.Dispose", "KernelLog.Dispose",
            // throw no UioException, or are tested in DmaBufTests
        "QuiesceProgram.*", // a list of what the kernel checks
        "DmaMapping.Dispose", // throws nothing: End does
        "DeviceSession.*", "Engine.*", "TransferLeases.*", // TransferTests, and on the host
        "StreamEngine.*", "RingEngine.*", "RingPart.*", "SendRingEngine.*", "SendPart.*", // RingTests, Logic, and on the host
        "DmaMapping.TryGetAddress", // HandleImportTests
        "DmaMapping.AddressOf", "DmaMappingExtensions.*", "DmaMapping.BeginTransfer", "TransferLease.*", // TransferTests
        "DeviceBuffer.*", "UioDevice.Allocate", "UioDevice.Interrupts", "UioDevice.TryWaitForInterruptAsync", // PromptTests
        "DmaBuf.Read", "DmaBuf.Write", "DmaBuf.Fill", "DmaBuf.ToArray", "DmaBuf.WaitAsync", // PromptTests
        "DmaMappingInfo.*", // a value
        "Registers.*", // RegisterTests: no call; WriteAddress, which takes an import, is in HandleImportTests
        "Register.*", "RegisterArray.*", "RegisterValue.*", "UioDeviceId.*", "DeviceAddress.*", "IommuGroup.*", "Deadline.*", // values
        "PciFunction.Find", "PciFunction.Exists", "DmaHeap.List", // what is not there is not listed
        "KernelLog.TryRead", // read after every test, by KernelLogCheck
        "UioException.*",
    ];

    public static IEnumerable<TestCaseData> Rows => s_rows.Select(row =>
    {
        var data = new TestCaseData(row).SetName($"{row.Member}: {row.Why}");
        foreach (var need in row.Needs)
            data.SetCategory(need);
        return data;
    });

    [TestCaseSource(nameof(Rows))]
    public void Fails(Row row)
    {
        Run(row); // what the runtime loads and opens for the first time is no leak
        var before = Settled.Of(Held.Now);

        var error = Run(row);

        // Without a collection: what only a finalizer closes has leaked.
        Assert.That(Held.Now().Except(before), Is.Empty, "leaked");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Call, Is.EqualTo(row.Call));
            Assert.That(error.Errno, Is.EqualTo(row.Errno), error.Message);
            Assert.That(error.Device, Is.Not.Empty);
            Assert.That(error.Remedy, Does.Contain(row.Remedy));
            Assert.That(error.Message, Does.Contain(error.Call).And.Contains(error.Device).And.Contains(error.Remedy));
            Assert.That(error.Message, Does.Contain($"{error.ErrnoName} ({row.Errno},"));
        }
    }

    [Test]
    public void Every_public_call_is_here_or_has_tests_of_its_own()
    {
        var calls =
            from type in typeof(UioDevice).Assembly.GetExportedTypes()
            where !type.IsEnum && !type.Name.StartsWith('<')
            from method in type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            where !method.IsSpecialName && method.DeclaringType == type && method.GetBaseDefinition() == method
            where method.Name is not ("Equals" or "GetHashCode" or "ToString" or "Deconstruct" or "<Clone>$" or "GetType")
            select (Member: $"{type.Name.Split('`')[0]}.{method.Name}", Type: $"{type.Name.Split('`')[0]}.*");

        var missing = calls
            .Where(call => !s_rows.Any(row => row.Member == call.Member) && !s_elsewhere.Contains(call.Member)
                && !s_elsewhere.Contains(call.Type))
            .Select(call => call.Member).Distinct();

        Assert.That(missing, Is.Empty);
    }

    private static UioException Run(Row row)
    {
        using var scene = new Scene();
        return Assert.Throws<UioException>(() => row.Act(scene))!;
    }

    private static void WithoutDescriptors(Action act, int but = 0)
    {
        using var none = new NoDescriptors(but);
        act();
    }
}
