using UioInterop.Interop;

namespace UioInterop;

/// <summary>What to do about a failed call: by call and error number first, by error number otherwise.</summary>
internal static class Remedies
{
    public const string DeviceGone =
        "the device was unbound from its UIO driver or unplugged; the kernel has ended its mappings; dispose the UioDevice and "
            + "open it again when it is back";

    private const string BindTakesRoot = "binding a device to a driver needs root";

    private const string SysReadOnly = "/sys is mounted read-only, as in a container: bind the device outside of it";

    private const string PeerGone =
        "the other side has closed the connection";

    private const string NotConnected =
        "the socket is not connected: Connect it, or Accept a connection of one that listens";

    private const string NoImport =
        "this kernel has no dma-buf import for UIO: build it with the series in kernel-patch/ and CONFIG_UIO_DMABUF=y";

    private const string NoDma =
        "the device has no DMA mask, so the kernel assumes that it does no DMA; or its UIO device was not registered by its own driver at "
            + "binding (cnic): import into a device that masters the bus and is bound to the UIO driver";

    private const string CannotMap =
        "the kernel could not map the buffer for this device: its DMA mask may not reach the memory, or the device is "
            + "gone; the kernel log may say more";

    private const string ReadOnly =
        "the device or the buffer was opened for reading only, and the direction lets the device write";

    private const string ClosedBuffer = "the buffer's descriptor was closed behind the library's back";

    private const string NeedsRawIo =
        "no IOMMU keeps the device to what is imported (none is on, it is lazy, or other devices are in the group), so an import needs "
            + "CAP_SYS_RAWIO: run as root, give the program that capability (AmbientCapabilities=CAP_SYS_RAWIO in systemd), switch the "
            + "IOMMU on, or, for a lazy one, unbind the device and write DMA to its group's type (/sys/kernel/iommu_groups/N/type)";

    private const string NoMemory =
        "out of kernel memory, IOMMU addresses or bounce buffers (swiotlb=): dispose mappings that are no longer needed";

    private const string EndedByOthers =
        "the buffer was already unmapped: other code did it through this same file";

    private const string NoRegisters = "the UIO map is not one of physical registers (memtype)";

    private const string NoDescriptors =
        "the process has no free file descriptor: dispose buffers and devices that are no longer needed, or raise RLIMIT_NOFILE "
            + "(ulimit -n)";

    private static readonly Dictionary<(string Call, int Errno), Func<string, string>> ByCall = new()
    {
        [(Calls.Open, Errno.ENOENT)] = path =>
            $"there is no such node; {Known(NamesIn(KernelPaths.UioDevices).Select(name => $"/dev/{name}"), "UIO device")}",
        [(Calls.Open, Errno.ENODEV)] = _ => DeviceGone,
        [(Calls.Open, Errno.ENXIO)] = _ => DeviceGone,
        [(Calls.Open, Errno.EACCES)] = Permission,
        [(Calls.Open, Errno.EPERM)] = Permission,
        [(Calls.Open, Errno.EBUSY)] = _ => "another program has the device and its driver allows one only; find it with \"fuser -v\"",

        [(Calls.OpenHeap, Errno.ENOENT)] = _ => $"there is no such heap; {KnownHeaps()}",
        [(Calls.OpenHeap, Errno.EACCES)] = Permission,
        [(Calls.OpenHeap, Errno.EPERM)] = Permission,

        [(Calls.Attach, Errno.EINVAL)] = _ => "the descriptor is not of a dma-buf",
        [(Calls.Attach, Errno.EBUSY)] = _ =>
            "this device has already imported the buffer: use that DmaMapping, or dispose it first; or it still writes into buffers of a "
            + "program that has ended (dmabuf/quarantined in sysfs): reset the device",
        [(Calls.Attach, Errno.ENODEV)] = _ => DeviceGone,
        [(Calls.Attach, Errno.EOPNOTSUPP)] = _ => NoDma,
        [(Calls.Attach, Errno.EIO)] = _ => CannotMap,
        [(Calls.Attach, Errno.EACCES)] = _ => ReadOnly,
        [(Calls.Attach, Errno.EBADF)] = _ => ClosedBuffer,
        [(Calls.Attach, Errno.EPERM)] = _ => NeedsRawIo,
        [(Calls.Attach, Errno.ENOSPC)] = path =>
            $"the device has its maximum of buffers: dispose mappings that are no longer needed, or raise {Limit(path, "max_mappings")}",
        [(Calls.Attach, Errno.ENOMEM)] = path => $"{NoMemory}, or raise {Limit(path, "max_bytes")}",
        [(Calls.Attach, Errno.ERANGE)] = OutOfReach,

        [(Calls.Detach, Errno.ENOENT)] = _ => EndedByOthers,
        [(Calls.Ranges, Errno.ENOTTY)] = _ =>
            "this kernel keeps bus addresses to itself (CONFIG_UIO_DMABUF_ADDRESSES): Registers.WriteAddress "
            + "makes it write one into a register",
        [(Calls.Ranges, Errno.ENODEV)] = _ => DeviceGone,
        [(Calls.Ranges, Errno.ENOENT)] = _ => EndedByOthers,
        [(Calls.WriteAddress, Errno.ENOENT)] = _ => EndedByOthers,
        [(Calls.WriteAddress, Errno.E2BIG)] = _ =>
            "the part is not one contiguous range: take a lease on less, or allocate from DmaHeap.Cma",
        [(Calls.WriteAddress, Errno.ERANGE)] = _ =>
            "the address needs more than 32 bits; the register holds 32: write it into a pair, or a register of 64 bits",
        [(Calls.WriteAddress, Errno.EOPNOTSUPP)] = _ => NoRegisters,
        [(Calls.WriteAddress, Errno.EINVAL)] = _ =>
            "the register is not one of the device's own resources: a map is rounded to pages, and the rest of a "
            + "page may be another device's",
        [(Calls.SetQuiesce, Errno.ENOTTY)] = _ =>
            "this kernel runs no quiesce programs: build it with the series in kernel-patch/ and CONFIG_UIO_DMABUF=y",
        [(Calls.SetQuiesce, Errno.E2BIG)] = _ =>
            "the program has too many operations, or its polls take too long together: see "
            + "UioFeatures.MaxQuiesceOperations and MaxQuiesceTime",
        [(Calls.SetQuiesce, Errno.EINVAL)] = _ =>
            "a value or a mask does not fit its register or its mask, or the register is not one of the device's own resources, or the "
            + "last operation is no poll: only one shows that the device has stopped",
        [(Calls.SetQuiesce, Errno.EOPNOTSUPP)] = _ => NoRegisters,

        [(Calls.Map, Errno.ENOTTY)] = _ => NoImport,
        [(Calls.Map, Errno.EINVAL)] = _ =>
            "probably the buffer is not one contiguous range for this device: allocate it from a CMA heap (DmaHeap.Cma), or put the device "
            + "behind a translating IOMMU; the device's DMA mask must reach the buffer, too",
        [(Calls.Map, Errno.EBUSY)] = _ => "this device has already imported the buffer: use that DmaMapping, or dispose it first",
        [(Calls.Map, Errno.ENODEV)] = _ => DeviceGone,
        [(Calls.Map, Errno.EOPNOTSUPP)] = _ => NoDma,
        [(Calls.Map, Errno.EIO)] = _ => CannotMap,
        [(Calls.Map, Errno.EACCES)] = _ => ReadOnly,
        [(Calls.Map, Errno.EBADF)] = _ => ClosedBuffer,
        [(Calls.Map, Errno.EPERM)] = _ => NeedsRawIo,
        [(Calls.Map, Errno.ENOMEM)] = _ => NoMemory,
        [(Calls.Map, Errno.ERANGE)] = OutOfReach,

        [(Calls.Unmap, Errno.ENOTTY)] = _ => NoImport,
        [(Calls.Unmap, Errno.ENOENT)] = _ => EndedByOthers,

        [(Calls.SetName, Errno.EINVAL)] = _ => "a buffer's name has at most 31 bytes of UTF-8",

        [(Calls.MapRegisters, Errno.EINVAL)] = _ =>
            "the driver offers this map in sysfs but not for mmap, as a port, or the device was unbound from its UIO driver",
        [(Calls.MapRegisters, Errno.ENODEV)] = _ => "the map's address is not on a page boundary, or the device was unbound",
        [(Calls.MapRegisters, Errno.EPERM)] = _ => "the kernel is locked down (secure boot) and keeps user space from device memory",

        [(Calls.EnableInterrupt, Errno.ENOSYS)] = _ => "the UIO driver has no irqcontrol: its interrupt is enabled in the device itself",
        [(Calls.EnableInterrupt, Errno.EINVAL)] = _ => DeviceGone,
        [(Calls.EnableInterrupt, Errno.EIO)] = _ => 
            "the device has no interrupt (an engine can be polled: DeviceSession.PollInterval), or it was unbound from its UIO driver",
        [(Calls.ReadInterrupt, Errno.EIO)] = _ =>
            "the device has no interrupt (see /proc/interrupts), or it was unbound from its UIO driver",
        [(Calls.ReadInterrupt, Errno.ENODEV)] = _ => DeviceGone,

        [(Calls.Allocate, Errno.ENOMEM)] = path => path.EndsWith("/system", StringComparison.Ordinal)
            ? "out of memory"
            : "the heap has no range of this length in one piece: free buffers, ask for less, or enlarge the area (cma= on the kernel's "
                + "command line; CmaFree in /proc/meminfo)",
        [(Calls.Allocate, Errno.EINVAL)] = _ => "the length has to be more than 0, and no more than the heap can hold",
        [(Calls.Allocate, Errno.ENOTTY)] = _ => "this is not a dma-heap",

        [(Calls.CreateUdmabuf, Errno.EINVAL)] = _ =>
            "the length is beyond udmabuf's limits: see size_limit_mb and list_limit in /sys/module/udmabuf/parameters",
        [(Calls.CreateUdmabuf, Errno.ENOENT)] = _ =>
            "this kernel has no udmabuf (CONFIG_UDMABUF), or its module is not loaded: modprobe udmabuf",
        [(Calls.CreateUdmabuf, Errno.EACCES)] = Permission,

        [(Calls.MapBuffer, Errno.EACCES)] = _ =>
            "the buffer's descriptor is read-only: ask its exporter for O_RDWR; DmaBuf.Read and ToArray work without",
        [(Calls.MapBuffer, Errno.EINVAL)] = _ => "the exporter of this buffer does not let the CPU map it",
        [(Calls.MapBuffer, Errno.ENODEV)] = _ => "the exporter of this buffer does not let the CPU map it",
        [(Calls.Sync, Errno.ENOTTY)] = _ => "this kernel's dma-buf has no sync ioctl",

        [(Calls.OpenInfo, Errno.ENOENT)] = _ => "the library reads /proc to see what a descriptor is: mount proc on /proc",

        [(Calls.Send, Errno.EPIPE)] = _ => PeerGone,
        [(Calls.Send, Errno.ECONNRESET)] = _ => PeerGone,
        [(Calls.Send, Errno.ECONNREFUSED)] = _ => PeerGone,
        [(Calls.Send, Errno.ENOTCONN)] = _ => NotConnected,
        [(Calls.Send, Errno.EAGAIN)] = _ => "the other side has not read earlier messages, and the socket does not block",
        [(Calls.Send, Errno.ETOOMANYREFS)] = _ =>
            "too many descriptors are on their way to processes that have not received them (RLIMIT_NOFILE, ulimit -n)",
        [(Calls.Receive, Errno.ECONNRESET)] = _ => PeerGone,
        [(Calls.Receive, Errno.EINVAL)] = _ => NotConnected,
        [(Calls.Receive, Errno.ENOTCONN)] = _ => NotConnected,
        [(Calls.Receive, Errno.EAGAIN)] = _ => "no message has come, and the socket does not block: use ReceiveAsync, or Socket.Poll first",
        [(Calls.Receive, Errno.EMFILE)] = _ =>
            "the process had no free descriptor, and the kernel dropped the buffer: raise RLIMIT_NOFILE (ulimit -n) or dispose what is no "
            + "longer needed, and have the buffer sent again",
        [(Calls.Receive, Errno.ENOMSG)] = _ =>
            "the message has no descriptor: the other side has to send the buffer with DmaBuf.Send, or as one byte and "
            + "one descriptor (SCM_RIGHTS)",

        [(Calls.OpenConfig, Errno.EACCES)] = Permission,
        [(Calls.OpenConfig, Errno.EPERM)] = Permission,
        [(Calls.OpenConfig, Errno.EROFS)] = _ =>
            "/sys is mounted read-only, as in a container: mount it writable, or run the program outside",
        [(Calls.OpenConfig, Errno.ENOENT)] = _ => "the PCI function is gone, or sysfs is not mounted on /sys",
        [(Calls.ConfigAccess, Errno.EPERM)] = _ =>
            "PCI configuration space can be written by root (CAP_SYS_ADMIN) on a kernel that is not locked down",

        [(Calls.Bind, Errno.EACCES)] = _ => BindTakesRoot,
        [(Calls.Bind, Errno.EPERM)] = _ => BindTakesRoot,
        [(Calls.Bind, Errno.EROFS)] = _ => SysReadOnly,
        [(Calls.Bind, Errno.ENOENT)] = path => path.EndsWith("/driver_override", StringComparison.Ordinal)
            ? "the device is gone, or this kernel has no driver_override for its bus: try PciDynamicId"
            : "the driver does not let devices be bound by hand, or the device is gone",
        [(Calls.Bind, Errno.ENODEV)] = _ =>
            "the driver does not take this device, or the device is gone; uio_pci_generic takes no function whose INTx cannot be "
            + "masked; the kernel log may say why",
        [(Calls.Bind, Errno.EINVAL)] = _ => "uio_pdrv_genirq takes only devices from a device tree or ACPI; the kernel log says why",
        [(Calls.Bind, Errno.EAGAIN)] = _ =>
            "it waits for another device, such as an IOMMU, a clock or an interrupt controller, see /sys/kernel/debug/devices_deferred; "
            + "try again when that is there",

        [(Calls.GiveBack, Errno.EACCES)] = _ => BindTakesRoot,
        [(Calls.GiveBack, Errno.EPERM)] = _ => BindTakesRoot,
        [(Calls.GiveBack, Errno.EROFS)] = _ => SysReadOnly,
        [(Calls.GiveBack, Errno.ENODEV)] = _ =>
            "the driver that had the device does not take it back: it is gone, or knew the device only by a PCI id (new_id) that was taken "
            + "away since; the device has no driver now",

        [(Calls.AddPciId, Errno.EACCES)] = _ => BindTakesRoot,
        [(Calls.AddPciId, Errno.EPERM)] = _ => BindTakesRoot,
        [(Calls.AddPciId, Errno.EROFS)] = _ => SysReadOnly,
        [(Calls.AddPciId, Errno.EEXIST)] = _ =>
            "the driver knows these numbers already, by itself or since an earlier new_id (remove_id undoes that); for one "
            + "function use DriverBinding.Bind",
        [(Calls.AddPciId, Errno.EINVAL)] = _ =>
            "the driver needs data for each id, from its own table, and takes no id without: use DriverBinding.Bind",
        [(Calls.RemovePciId, Errno.EACCES)] = _ => BindTakesRoot,
        [(Calls.RemovePciId, Errno.EPERM)] = _ => BindTakesRoot,
        [(Calls.RemovePciId, Errno.EROFS)] = _ => SysReadOnly,
        [(Calls.RemovePciId, Errno.ENODEV)] = _ =>
            "the driver no longer knew these numbers: somebody else has taken them away; its functions are unbound",

        [(Calls.Subscribe, Errno.EAFNOSUPPORT)] = _ =>
            "the process may not open netlink sockets: add AF_NETLINK to RestrictAddressFamilies= of its systemd unit",

        [(Calls.KernelLog, Errno.EPERM)] = _ => "reading the kernel log needs root (CAP_SYSLOG), see kernel.dmesg_restrict",
        [(Calls.KernelLog, Errno.EACCES)] = _ => "reading the kernel log needs root (CAP_SYSLOG), see kernel.dmesg_restrict",
    };

    public static string For(string call, string device, int errno)
    {
        if (ByCall.TryGetValue((call, errno), out var remedy))
            return remedy(device);

        return errno switch
        {
            _ when errno == Errno.EMFILE => NoDescriptors,
            _ when errno == Errno.ENFILE => "the system has no free file descriptor (fs.file-max)",
            _ when errno == Errno.ENOMEM => "out of memory, or of address space",
            _ when errno == Errno.ENODEV => DeviceGone,
            _ when errno == Errno.EACCES || errno == Errno.EPERM => "the process lacks the permission: try as root",
            _ => "the kernel log (dmesg) may say more",
        };
    }

    /// <summary>Which heaps there are, and how to get some.</summary>
    public static string KnownHeaps() =>
        Directory.Exists(KernelPaths.Heaps)
            ? Known(NamesIn(KernelPaths.Heaps), "heap") + "; a CMA heap takes CONFIG_DMABUF_HEAPS_CMA and cma= on the kernel's command line"
            : "this kernel has no dma-heaps: CONFIG_DMABUF_HEAPS and CONFIG_DMABUF_HEAPS_SYSTEM";

    private static string Known(IEnumerable<string> names, string what)
    {
        string list = string.Join(", ", names);
        return list.Length == 0 ? $"there is no {what}" : $"there is: {list}";
    }

    // A remedy must not fail itself: what cannot be listed is left out.
    private static string[] NamesIn(string folder)
    {
        try
        {
            return [.. Directory.GetFileSystemEntries(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string Limit(string path, string name) => $"/sys/class/uio/{Path.GetFileName(path)}/dmabuf/{name}";

    private static string OutOfReach(string path) =>
        "the device does not reach the buffer: if the hardware has more address bits than its DMA mask, say so in "
            + $"{Limit(path, "dma_mask_bits")} before the first import; or, for a device of 32 bits beside memory above 4 GiB, allocate "
            + "from DmaHeap.Cma, whose area has to lie low (cma=64M@0-4G on the kernel's command line, on x86)";

    private static string Permission(string path)
    {
        string node = Path.GetFileName(path);
        string subsystem = path.StartsWith(KernelPaths.Heaps, StringComparison.Ordinal) ? "dma_heap"
            : node.TrimEnd("0123456789".ToCharArray());
        string udev = path.StartsWith("/dev/", StringComparison.Ordinal)
            ? $"; run as root, or let a group in by a udev rule: SUBSYSTEM==\"{subsystem}\", KERNEL==\"{node}\", "
                + "GROUP=\"uio\", MODE=\"0660\""
            : path.StartsWith("/sys/", StringComparison.Ordinal) ? "; run as root, or find what hides it: InaccessiblePaths= of "
                + "a systemd unit, a container"
            : "; run as root";

        if (!Syscalls.TryGetOwner(path, out uint user, out uint group, out int permissions))
            return "the process may not open it" + udev;

        string mode = Convert.ToString(permissions, 8).PadLeft(4, '0');
        return $"it belongs to {Accounts.UserName(user)}:{Accounts.GroupName(group)}, mode {mode}, and the process runs as "
            + $"{Accounts.UserName(Syscalls.EffectiveUser)}{udev}";
    }
}
