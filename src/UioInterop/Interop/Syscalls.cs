using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace UioInterop.Interop;

/// <summary>
/// The system calls of the library. As with the shim, a result is not negative on success and a negative errno on
/// failure, errno is read before anything else can run, and EINTR never comes back.
/// </summary>
internal static unsafe class Syscalls
{
    public static readonly int PageSize = Environment.SystemPageSize;

    // The C library's wrapper of ppoll() is declared without SetLastError in Tmds.LibC, its syscall() is not; and it
    // has no flock().
    private static readonly int PpollNumber = SyscallNumbers.Ppoll(RuntimeInformation.ProcessArchitecture);
    private static readonly int FlockNumber = SyscallNumbers.Flock(RuntimeInformation.ProcessArchitecture);

    public static long RoundUpToPages(long length) => checked(length + PageSize - 1) & -PageSize;

    /// <summary>Opens a file; O_CLOEXEC is added to the flags.</summary>
    public static int Open(string path, int flags, out SafeFileHandle? file)
    {
        int fd;
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            do
                fd = Result(open(name, flags | O_CLOEXEC, default));
            while (fd == -EINTR);
        }

        return Own(fd, out file);
    }

    public static int OpenEvent(out SafeFileHandle? file) =>
        Own(Result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), out file);

    public static int OpenMemory(string name, out SafeFileHandle? file)
    {
        fixed (byte* bytes = Encoding.UTF8.GetBytes(name + '\0'))
            return Own(Result(memfd_create(bytes, MFD_CLOEXEC | MFD_ALLOW_SEALING)), out file);
    }

    /// <summary>Gives a memfd its length and promises not to shrink it, as udmabuf asks for.</summary>
    public static int SizeAndSeal(SafeFileHandle memory, long length)
    {
        using var fd = new Borrowed(memory);
        int result;
        do
            result = Result(ftruncate(fd.Number, length));
        while (result == -EINTR);

        return result < 0 ? result : Result(fcntl(fd.Number, F_ADD_SEALS, F_SEAL_SHRINK));
    }

    public static int Duplicate(SafeFileHandle file, out SafeFileHandle? copy)
    {
        using var fd = new Borrowed(file);
        return Own(Result(fcntl(fd.Number, F_DUPFD_CLOEXEC, 0)), out copy);
    }

    public static long SeekToEnd(SafeFileHandle file)
    {
        using var fd = new Borrowed(file);
        long position = lseek(fd.Number, 0, SEEK_END);
        return position < 0 ? -errno : position;
    }

    public static int Read(SafeFileHandle file, Span<byte> buffer)
    {
        using var fd = new Borrowed(file);
        fixed (byte* bytes = buffer)
        {
            int result;
            do
                result = Result(read(fd.Number, bytes, buffer.Length));
            while (result == -EINTR);
            return result;
        }
    }

    public static int Write(SafeFileHandle file, ReadOnlySpan<byte> buffer)
    {
        using var fd = new Borrowed(file);
        fixed (byte* bytes = buffer)
        {
            int result;
            do
                result = Result(write(fd.Number, bytes, buffer.Length));
            while (result == -EINTR);
            return result;
        }
    }

    public static int ReadAt(SafeFileHandle file, long offset, Span<byte> buffer)
    {
        using var fd = new Borrowed(file);
        fixed (byte* bytes = buffer)
        {
            int result;
            do
                result = Result(pread(fd.Number, bytes, buffer.Length, offset));
            while (result == -EINTR);
            return result;
        }
    }

    public static int WriteAt(SafeFileHandle file, long offset, ReadOnlySpan<byte> buffer)
    {
        using var fd = new Borrowed(file);
        fixed (byte* bytes = buffer)
        {
            int result;
            do
                result = Result(pwrite(fd.Number, bytes, buffer.Length, offset));
            while (result == -EINTR);
            return result;
        }
    }

    /// <summary>Adds one to an event descriptor, which makes it readable.</summary>
    public static void Signal(SafeFileHandle wake)
    {
        Span<byte> one = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(one, 1);
        Write(wake, one);
    }

    /// <summary>What to wait for with <see cref="WaitUntilReady"/>.</summary>
    public const short PollReadable = 1, PollWritable = 4;

    /// <summary>Waits until the file is readable, as <see cref="WaitUntilReady"/> does.</summary>
    public static int WaitUntilReadable(SafeFileHandle file, ref TimeSpan timeout, SafeFileHandle? wake = null) =>
        WaitUntilReady(file, PollReadable, ref timeout, wake);

    /// <summary>
    /// Waits until the file is ready, or in an error that its next use reports. Returns 1 then, and 0 at the timeout.
    /// <paramref name="timeout"/> comes back as what is left of it. <paramref name="wake"/>, when it is readable, ends the wait
    /// as well.
    /// </summary>
    public static int WaitUntilReady(SafeFileHandle file, short events, ref TimeSpan timeout, SafeFileHandle? wake = null)
    {
        using var fd = new Borrowed(file);
        using var wakeFd = new Borrowed(wake);
        pollfd* what = stackalloc pollfd[2];
        what[0] = new pollfd { fd = fd.Number, events = events };
        what[1] = new pollfd { fd = wakeFd.Number, events = POLLIN }; // a negative one is skipped by the kernel
        bool forEver = timeout == Timeout.InfiniteTimeSpan;
        timespec left = default;
        if (!forEver)
        {
            left.tv_sec = timeout.Ticks / TimeSpan.TicksPerSecond;
            left.tv_nsec = (int)(timeout.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick);
        }

        int result;
        do
            result = Result((ssize_t)syscall(PpollNumber, what, 2, forEver ? null : &left, (void*)null, 8)); // updates the time
        while (result == -EINTR);

        if (!forEver)
            timeout = new TimeSpan(((long)left.tv_sec * TimeSpan.TicksPerSecond) + ((long)left.tv_nsec / TimeSpan.NanosecondsPerTick));
        return Math.Min(result, 1);
    }

    /// <summary>What to wait for: one event; or each time that something becomes readable.</summary>
    public const int EpollOnce = 0x4000_0001, EpollEdge = unchecked((int)0x8000_0001);

    public static int OpenEpoll(out SafeFileHandle? epoll) =>
        Own(Result(epoll_create1(EPOLL_CLOEXEC)), out epoll);

    public static int EpollAdd(SafeFileHandle epoll, SafeFileHandle file, ulong key, int events) =>
        EpollControl(epoll, EPOLL_CTL_ADD, file, key, events);

    public static int EpollRearm(SafeFileHandle epoll, SafeFileHandle file, ulong key, int events) =>
        EpollControl(epoll, EPOLL_CTL_MOD, file, key, events);

    public static int EpollRemove(SafeFileHandle epoll, SafeFileHandle file) =>
        EpollControl(epoll, EPOLL_CTL_DEL, file, 0, 0);

    /// <summary>Waits for events and tells the keys of their files. Milliseconds; -1 waits for ever.</summary>
    public static int EpollWait(SafeFileHandle epoll, Span<ulong> keys, int milliseconds)
    {
        using var fd = new Borrowed(epoll);
        epoll_event* events = stackalloc epoll_event[keys.Length];
        int result = Result(epoll_wait(fd.Number, events, keys.Length, milliseconds));
        if (result == -EINTR)
            return 0; // the caller computes the time anew

        for (int i = 0; i < result; i++)
            keys[i] = events[i].data.u64;
        return result;
    }

    /// <summary>What came with <see cref="ReceiveDescriptors"/>.</summary>
    /// <param name="Bytes">How many bytes of data, at most the one asked for.</param>
    /// <param name="Files">The descriptors, which belong to the caller now and are closed by exec.</param>
    /// <param name="LostData">The message had more bytes, and they are gone.</param>
    /// <param name="LostFiles">It had more descriptors than the process could take, and they are closed.</param>
    public readonly record struct ReceivedMessage(int Bytes, SafeFileHandle[] Files, bool LostData, bool LostFiles);

    /// <summary>Sends one byte, and a descriptor along with it, without waiting: unix(7), SCM_RIGHTS.</summary>
    public static int SendDescriptor(SafeHandle socket, SafeFileHandle file)
    {
        using var fd = new Borrowed(socket);
        using var passed = new Borrowed(file);
        byte data = 0;
        var vector = new iovec { iov_base = &data, iov_len = 1 };
        int controlLength = CMSG_SPACE(sizeof(int));
        long* control = stackalloc long[controlLength / sizeof(long)]; // aligned as cmsghdr is
        var message = new msghdr { msg_iov = &vector, msg_iovlen = 1, msg_control = control, msg_controllen = (uint)controlLength };

        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = (uint)(sizeof(cmsghdr) + sizeof(int)); // Tmds.LibC's CMSG_LEN pads: that would be two descriptors
        *(int*)CMSG_DATA(header) = passed.Number;

        int result;
        do
            result = Result(sendmsg(fd.Number, &message, MSG_DONTWAIT | MSG_NOSIGNAL));
        while (result == -EINTR);
        return result;
    }

    /// <summary>Receives one byte and all descriptors that came along with it, without waiting.</summary>
    public static int ReceiveDescriptors(SafeHandle socket, out ReceivedMessage received)
    {
        // Room for the most descriptors that a message may carry (SCM_MAX_FD, 253), and for other control data: so descriptors
        // are lost only when no number is free.
        const int ControlLength = 2048;

        using var fd = new Borrowed(socket);
        byte data;
        var vector = new iovec { iov_base = &data, iov_len = 1 };
        long* control = stackalloc long[ControlLength / sizeof(long)];
        var message = new msghdr { msg_iov = &vector, msg_iovlen = 1, msg_control = control, msg_controllen = ControlLength };

        int result;
        do
            result = Result(recvmsg(fd.Number, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
        while (result == -EINTR);

        received = result < 0 ? default : new ReceivedMessage(
            result, TakeDescriptors(&message), (message.msg_flags & MSG_TRUNC) != 0, (message.msg_flags & MSG_CTRUNC) != 0);
        return result;
    }

    /// <summary>Takes a lock on an open file, exclusive or shared, without waiting. EAGAIN: somebody else has it.</summary>
    public static int LockFile(SafeFileHandle file, bool exclusive)
    {
        const int Shared = 1, Exclusive = 2, NonBlocking = 4; // LOCK_*, which Tmds.LibC leaves out
        using var fd = new Borrowed(file);
        return Result((ssize_t)syscall(FlockNumber, fd.Number, (exclusive ? Exclusive : Shared) | NonBlocking));
    }

    public static int Map(SafeFileHandle file, long offset, long length, bool writable, out nint address)
    {
        using var fd = new Borrowed(file);
        void* map = mmap(null, (size_t)(ulong)length, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd.Number, offset);
        if (map == MAP_FAILED)
        {
            int error = -errno;
            address = 0;
            return error;
        }

        if (madvise(map, (size_t)(ulong)length, MADV_DONTFORK) < 0)
        {
            int error = -errno;
            _ = munmap(map, (size_t)(ulong)length);
            address = 0;
            return error;
        }

        address = (nint)map;
        return 0;
    }

    /// <summary>Puts private memory in the place of a map, in one step.</summary>
    public static void ReplaceMap(nint address, long length) =>
        // Can only fail for want of kernel memory, and then nothing better can be done.
        mmap((void*)address, (size_t)(ulong)length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);

    public static int Unmap(nint address, long length) =>
        Result(munmap((void*)address, (size_t)(ulong)length));

    /// <summary>What the file at a path is, behind all links.</summary>
    public static int GetStatus(string path, out FileStatus status)
    {
        Tmds.Linux.stat told;
        int result;
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
            result = Result(stat(name, &told));
        status = result < 0 ? default : StatusFrom(told);
        return result;
    }

    /// <summary>What an open file is, whatever it was opened as.</summary>
    public static int GetStatus(SafeFileHandle file, out FileStatus status)
    {
        using var fd = new Borrowed(file);
        Tmds.Linux.stat told;
        int result = Result(fstat(fd.Number, &told));
        status = result < 0 ? default : StatusFrom(told);
        return result;
    }

    /// <summary>
    /// Opens a socket that hears of devices that come and go: from the kernel, and from udev once it has acted on it.
    /// See netlink(7), NETLINK_KOBJECT_UEVENT.
    /// </summary>
    public static int OpenUEvents(out SafeFileHandle? file)
    {
        const int KObjectUEvent = 15, KernelGroup = 1, UdevGroup = 2;

        int fd = Own(Result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, KObjectUEvent)), out file);
        if (fd < 0)
            return fd;

        // struct sockaddr_nl: family and padding of 16 bits each, then port, which 0 leaves to the kernel, and groups.
        uint* address = stackalloc uint[3] { (ushort)AF_NETLINK, 0, KernelGroup | UdevGroup };
        int result = Result(bind(fd, (sockaddr*)address, 3 * sizeof(uint)));
        if (result < 0)
        {
            file!.Dispose();
            file = null;
        }

        return result;
    }

    /// <summary>Whether the calling thread may open a file for reading and writing, without opening it.</summary>
    public static int CheckAccess(string path)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
            return Result(faccessat(AT_FDCWD, name, R_OK | W_OK, AT_EACCESS));
    }

    /// <summary>The user that the process acts as.</summary>
    public static uint EffectiveUser => geteuid();

    /// <summary>The owner and the group of a file, as numbers, and its permission bits.</summary>
    public static bool TryGetOwner(string path, out uint user, out uint group, out int permissions)
    {
        Tmds.Linux.stat status;
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            bool found = stat(name, &status) == 0;
            user = found ? status.st_uid : 0;
            group = found ? status.st_gid : 0;
            permissions = found ? (ushort)status.st_mode & 0xfff : 0;
            return found;
        }
    }

    private static FileStatus StatusFrom(in Tmds.Linux.stat told)
    {
        const int TypeMask = 0xf000, CharacterDevice = 0x2000; // S_IFMT, S_IFCHR
        bool isDevice = ((ushort)told.st_mode & TypeMask) == CharacterDevice;
        return new FileStatus(DeviceNumber.From(told.st_dev), told.st_ino, isDevice ? DeviceNumber.From(told.st_rdev) : null);
    }

    // LibC.errno is what the runtime saved inside the call itself, so nothing can come between.
    private static int Result(int result) => result < 0 ? -errno : result;

    private static int Result(ssize_t result) => result < 0 ? -errno : (int)result;

    private static SafeFileHandle[] TakeDescriptors(msghdr* message)
    {
        var files = new List<SafeFileHandle>();
        for (cmsghdr* header = CMSG_FIRSTHDR(message); header != null; header = CMSG_NXTHDR(message, header))
        {
            if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
                continue;

            int count = ((int)(uint)header->cmsg_len - sizeof(cmsghdr)) / sizeof(int);
            foreach (int number in new ReadOnlySpan<int>(CMSG_DATA(header), count))
                files.Add(new SafeFileHandle(number, ownsHandle: true));
        }

        return [.. files];
    }

    private static int EpollControl(SafeFileHandle epoll, int operation, SafeFileHandle file, ulong key, int events)
    {
        using var fd = new Borrowed(epoll);
        using var target = new Borrowed(file);
        var what = new epoll_event { events = events };
        what.data.u64 = key;
        return Result(epoll_ctl(fd.Number, operation, target.Number, &what));
    }

    private static int Own(int fd, out SafeFileHandle? file)
    {
        file = fd < 0 ? null : new SafeFileHandle(fd, ownsHandle: true);
        return fd;
    }

    /// <summary>A descriptor that cannot be closed, nor its number reused, while the call runs.</summary>
    private readonly ref struct Borrowed
    {
        private readonly SafeHandle? _file;

        public Borrowed(SafeHandle? file)
        {
            bool borrowed = false;
            file?.DangerousAddRef(ref borrowed);
            _file = file;
        }

        public int Number => _file is null ? -1 : (int)_file.DangerousGetHandle();

        public void Dispose() => _file?.DangerousRelease();
    }
}
