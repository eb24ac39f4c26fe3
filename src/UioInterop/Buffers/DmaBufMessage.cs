using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>Sends a buffer to another process: one byte and a descriptor over a Unix socket.</summary>
/// <remarks>
/// Whether a Socket's descriptor blocks depends on what .NET did with it before, so no call here blocks in the kernel. The
/// Socket waits instead: it ends the wait when it is closed.
/// </remarks>
internal static class DmaBufMessage
{
    private const string WhatIsOne = "a buffer is sent as one byte and one descriptor";

    public static void Send(Socket socket, DmaBuf buffer)
    {
        CheckUnix(socket);
        Deadline deadline = DeadlineOf(socket.SendTimeout);
        while (true)
        {
            int result = buffer.TrySend(socket.SafeHandle);
            if (result >= 0)
                return;
            if (result != -Errno.EAGAIN || !socket.Blocking)
                throw UioException.From(Calls.Send, NameOf(socket), result);

            Wait(socket, SelectMode.SelectWrite, deadline);
        }
    }

    public static DmaBuf Receive(Socket socket)
    {
        CheckUnix(socket);
        Deadline deadline = DeadlineOf(socket.ReceiveTimeout);
        DmaBuf? buffer;
        while (!TryReceive(socket, out buffer))
        {
            if (!socket.Blocking)
                throw UioException.From(Calls.Receive, NameOf(socket), -Errno.EAGAIN);

            Wait(socket, SelectMode.SelectRead, deadline);
        }

        return buffer;
    }

    public static async ValueTask<DmaBuf> ReceiveAsync(Socket socket, CancellationToken token)
    {
        CheckUnix(socket);
        while (true)
        {
            token.ThrowIfCancellationRequested();
            if (TryReceive(socket, out DmaBuf? buffer))
                return buffer;

            // A receive of no bytes takes nothing: it waits for data.
            await socket.ReceiveAsync(Memory<byte>.Empty, token).ConfigureAwait(false);
        }
    }

    /// <summary>False when nothing has come.</summary>
    private static bool TryReceive(Socket socket, [NotNullWhen(true)] out DmaBuf? buffer)
    {
        buffer = null;
        int result = Syscalls.ReceiveDescriptors(socket.SafeHandle, out Syscalls.ReceivedMessage message);
        if (result == -Errno.EAGAIN)
            return false;
        if (result < 0)
            throw UioException.From(Calls.Receive, NameOf(socket), result);

        try
        {
            buffer = Take(socket, message);
            return true;
        }
        finally
        {
            // The buffer has a descriptor of its own by now.
            foreach (SafeFileHandle file in message.Files)
                file.Dispose();
        }
    }

    private static DmaBuf Take(Socket socket, Syscalls.ReceivedMessage message)
    {
        string name = NameOf(socket);
        if (message.LostFiles)
            throw UioException.From(Calls.Receive, name, -Errno.EMFILE);
        if (message.LostData)
            throw new UioException(Calls.Receive, name, Errno.EBADMSG, $"the message has more bytes than one; {WhatIsOne}");
        if (message.Files.Length > 1)
            throw new UioException(Calls.Receive, name, Errno.EBADMSG, $"the message has {message.Files.Length} descriptors; {WhatIsOne}");

        // No bytes mean the end of the connection; of a datagram socket, an empty message.
        if (message.Files.Length == 0)
            throw UioException.From(Calls.Receive, name, message.Bytes == 0 && socket.SocketType != SocketType.Dgram ? -Errno.ECONNRESET
                : -Errno.ENOMSG);

        return DmaBuf.TryFromHandle(message.Files[0], out string? otherwise)
            ?? throw new UioException(Calls.Receive, name, Errno.EBADMSG,
                $"the descriptor is not of a dma-buf but of {otherwise}; {WhatIsOne}");
    }

    // A Socket's timeout of 0 or less means none.
    private static Deadline DeadlineOf(int milliseconds) =>
        new(milliseconds > 0 ? TimeSpan.FromMilliseconds(milliseconds) : Timeout.InfiniteTimeSpan);

    private static void Wait(Socket socket, SelectMode mode, Deadline deadline)
    {
        if (deadline.IsOver)
            throw new TimeoutException($"{(mode == SelectMode.SelectRead ? "No buffer came" : "The buffer could not be sent")} within "
                + $"{deadline.After.TotalMilliseconds:0} ms, the timeout of the socket.");

        // Poll takes less than 36 minutes, and the caller comes back.
        socket.Poll(deadline.RemainingAtMost(TimeSpan.FromMinutes(10)), mode);
    }

    private static void CheckUnix(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        if (socket.AddressFamily != AddressFamily.Unix)
            throw new ArgumentException($"Descriptors travel over Unix sockets only, and this one is {socket.AddressFamily}: make "
                + "it with AddressFamily.Unix.", nameof(socket));
    }

    private static string NameOf(Socket socket) => $"socket {socket.Handle}";
}
