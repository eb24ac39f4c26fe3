using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// The kernel's log from now on. An IOMMU reports refused accesses there, drivers their errors.
/// </summary>
/// <remarks>Reads /dev/kmsg, see Documentation/ABI/testing/dev-kmsg; needs root. For one thread at a time.</remarks>
public sealed class KernelLog : IDisposable
{
    private const string Node = "/dev/kmsg";

    private readonly SafeFileHandle _file;
    private readonly byte[] _record = new byte[8192]; // CONSOLE_EXT_LOG_MAX; the kernel refuses a shorter one with EINVAL

    private KernelLog(SafeFileHandle file) => _file = file;

    /// <summary>Opens the log at its end: messages from now on will be read.</summary>
    /// <exception cref="UioException">The process may not read the log, or /dev/kmsg is missing.</exception>
    public static KernelLog OpenAtEnd()
    {
        int result = Syscalls.Open(Node, LibC.O_RDONLY | LibC.O_NONBLOCK, out SafeFileHandle? file);
        if (result < 0)
            throw UioException.From(Calls.KernelLog, Node, result);

        long position = Syscalls.SeekToEnd(file!);
        if (position < 0)
        {
            file!.Dispose();
            throw UioException.From(Calls.Seek, Node, position);
        }

        return new KernelLog(file!);
    }

    /// <summary>Reads the next message, waiting for one if need be.</summary>
    /// <param name="timeout">How long to wait; zero does not wait, <see cref="Timeout.InfiniteTimeSpan"/> has no limit.</param>
    /// <param name="message">The message.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative, and not infinite.</exception>
    /// <exception cref="UioException">The log cannot be read.</exception>
    public bool TryRead(TimeSpan timeout, out KernelMessage message)
    {
        Deadline.ThrowIfNoTimeout(timeout);
        while (true)
        {
            int ready = Syscalls.WaitUntilReadable(_file, ref timeout);
            if (ready < 0)
                throw UioException.From(Calls.Wait, Node, ready);
            if (ready == 0)
            {
                message = default;
                return false;
            }

            int length = Syscalls.Read(_file, _record);
            if (length > 0)
            {
                message = Parse(Encoding.UTF8.GetString(_record, 0, length));
                return true;
            }

            // EPIPE: the kernel has overwritten what came next. It goes on with the oldest that it still has.
            if (length != -Errno.EPIPE && length != -Errno.EAGAIN)
                throw UioException.From(Calls.KernelLog, Node, length < 0 ? length : -Errno.EIO);
        }
    }

    /// <summary>The log's node.</summary>
    public override string ToString() => Node;

    /// <summary>Closes the log.</summary>
    public void Dispose() => _file.Dispose();

    // "6,339,5140900,-;message" and then lines of " KEY=value". The first number is facility * 8 + level.
    private static KernelMessage Parse(string record)
    {
        int priority = int.Parse(record.AsSpan(0, record.IndexOf(',')), NumberStyles.None, CultureInfo.InvariantCulture);
        int start = record.IndexOf(';') + 1;
        int end = record.IndexOf('\n', start);
        return new KernelMessage(priority & 7, end < 0 ? record[start..] : record[start..end]);
    }
}
