using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>Unix sockets, and messages on them that the library would not send.</summary>
internal static unsafe class UnixSockets
{
    /// <summary>Two that are connected to each other.</summary>
    public static (Socket First, Socket Second) Pair(int type)
    {
        var fds = stackalloc int[2];
        if (LibC.socketpair(LibC.AF_UNIX, type | LibC.SOCK_CLOEXEC, 0, fds) < 0)
            throw new IOException($"socketpair: errno {Marshal.GetLastPInvokeError()}");
        return (Of(fds[0]), Of(fds[1]));
    }

    /// <summary>A socket that is no Unix socket. The test kernel has no IP.</summary>
    public static Socket Netlink()
    {
        const int NetLink = 16;
        return Of(LibC.socket(NetLink, LibC.SOCK_RAW | LibC.SOCK_CLOEXEC, 0));
    }

    /// <summary>Has the kernel tell who sent each message: one more kind of control data.</summary>
    public static void PassCredentials(Socket socket)
    {
        const int PassCred = 16; // SO_PASSCRED
        var on = 1;
        Assert.That(LibC.setsockopt((int)socket.Handle, LibC.SOL_SOCKET, PassCred, &on, sizeof(int)), Is.Zero);
    }

    /// <summary>Sends data with as many descriptors as there are.</summary>
    public static void Send(Socket socket, int length, params ReadOnlySpan<int> descriptors)
    {
        var data = stackalloc byte[length];
        var control = stackalloc long[32];
        var vector = new iovec { iov_base = data, iov_len = (uint)length };
        var message = new msghdr { msg_iov = &vector, msg_iovlen = 1 };
        if (descriptors.Length > 0)
        {
            var header = (cmsghdr*)control;
            header->cmsg_level = LibC.SOL_SOCKET;
            header->cmsg_type = LibC.SCM_RIGHTS;
            header->cmsg_len = (uint)(sizeof(cmsghdr) + descriptors.Length * sizeof(int));
            descriptors.CopyTo(new Span<int>(LibC.CMSG_DATA(header), descriptors.Length));
            message.msg_control = control;
            message.msg_controllen = (uint)LibC.CMSG_SPACE(descriptors.Length * sizeof(int));
        }
        Assert.That((long)LibC.sendmsg((int)socket.Handle, &message, 0), Is.EqualTo(length), $"errno {Marshal.GetLastPInvokeError()}");
    }

    /// <summary>Receives one byte with the descriptor of a file of any kind.</summary>
    public static SafeFileHandle ReceiveFile(Socket socket)
    {
        byte data;
        var control = stackalloc long[32];
        var vector = new iovec { iov_base = &data, iov_len = 1 };
        var message = new msghdr { msg_iov = &vector, msg_iovlen = 1, msg_control = control, msg_controllen = 32 * sizeof(long) };
        Assert.That((long)LibC.recvmsg((int)socket.Handle, &message, LibC.MSG_CMSG_CLOEXEC), Is.EqualTo(1),
            $"errno {Marshal.GetLastPInvokeError()}");
        return new SafeFileHandle(*(int*)LibC.CMSG_DATA(LibC.CMSG_FIRSTHDR(&message)), ownsHandle: true);
    }

    private static Socket Of(int fd) => new(new SafeSocketHandle(fd, ownsHandle: true));
}
