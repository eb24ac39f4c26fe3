namespace UioInterop;

/// <summary>The calls that can fail, under the names in their manuals.</summary>
internal static class Calls
{
    public const string Open = "open";
    public const string OpenHeap = "open (dma-heap)";
    public const string OpenInfo = "open (fdinfo)";
    public const string OpenConfig = "open (PCI config)";
    public const string ConfigAccess = "read/write (PCI config)";
    public const string Bind = "bind driver";
    public const string GiveBack = "give back to driver";
    public const string AddPciId = "new_id";
    public const string RemovePciId = "remove_id";
    public const string Subscribe = "bind (NETLINK_KOBJECT_UEVENT)";
    public const string MapRegisters = "mmap (registers)";
    public const string MapBuffer = "mmap (dma-buf)";
    public const string Query = "UIO_IOC_QUERY";
    public const string Attach = "UIO_IOC_DMABUF_ATTACH";
    public const string Detach = "UIO_IOC_DMABUF_DETACH";
    public const string Ranges = "UIO_IOC_DMABUF_RANGES";
    public const string WriteAddress = "UIO_IOC_DMABUF_WRITE_ADDRESS";
    public const string SetQuiesce = "UIO_IOC_SET_QUIESCE";
    public const string Map = "UIO_IOC_MAP_DMABUF";
    public const string Unmap = "UIO_IOC_UNMAP_DMABUF";
    public const string EnableInterrupt = "write (irqcontrol)";
    public const string Wait = "poll";
    public const string ReadInterrupt = "read (interrupt count)";
    public const string Allocate = "DMA_HEAP_IOCTL_ALLOC";
    public const string SetName = "DMA_BUF_SET_NAME";
    public const string Sync = "DMA_BUF_IOCTL_SYNC";
    public const string CreateUdmabuf = "UDMABUF_CREATE";
    public const string CreateMemory = "memfd_create";
    public const string Duplicate = "fcntl (F_DUPFD_CLOEXEC)";
    public const string Send = "sendmsg (SCM_RIGHTS)";
    public const string Receive = "recvmsg (SCM_RIGHTS)";
    public const string Quiesce = "quiesce";
    public const string Lock = "flock";
    public const string CreateEpoll = "epoll_create1";
    public const string CreateEvent = "eventfd";
    public const string Seek = "lseek";
    public const string KernelLog = "read (kernel log)";
}
