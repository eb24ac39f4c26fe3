using System.Buffers;
using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// A buffer that devices and processes can share: a Linux dma-buf. Memory for DMA comes from a <see cref="DmaHeap"/>,
/// from <see cref="AllocateFromMemfd"/>, or as a descriptor from another driver (V4L2, DRM) or process.
/// </summary>
/// <remarks>
/// Thread-safe. Many scopes may read at a time, or one may write. A buffer that one device writes and another reads is
/// imported as <see cref="DmaDirection.Bidirectional"/> into both: the kernel syncs all mappings of a buffer in one
/// direction. See Documentation/driver-api/dma-buf.rst.
/// </remarks>
[DebuggerDisplay("{ToString(),nq}, {Ledger.Mappings} mappings")]
public sealed partial class DmaBuf : IDisposable
{
    // Under the ledger's lock, all three.
    private MemoryMap? _map;
    private bool _disposed;
    private bool _closed;
    private MemoryPressure? _pressure; // of a buffer that this program allocated

    internal DmaBuf(SafeFileHandle file, long length, string exporter)
    {
        File = file;
        Length = length;
        Capacity = length;
        Exporter = exporter;
        Ledger = new AccessLedger(this);
    }

    /// <summary>Its length in bytes, as asked for. A buffer that came as a descriptor has all of its <see cref="Capacity"/>.</summary>
    public long Length { get; private init; }

    /// <summary>How many bytes of memory are behind it: whole pages. Leave those beyond <see cref="Length"/> alone.</summary>
    public long Capacity { get; }

    /// <summary>The kernel's name for where it came from: <c>system</c>, <c>reserved</c>, <c>udmabuf</c>, ...</summary>
    public string Exporter { get; }

    /// <summary>The descriptor. It stays open until the buffer is disposed and its last mapping has ended.</summary>
    internal SafeFileHandle File { get; }

    /// <summary>The descriptor's number, for holders of a mapping: the descriptor stays open until the mapping has ended.</summary>
    internal int FileNumber => (int)File.DangerousGetHandle();

    /// <summary>The accesses to the buffer.</summary>
    internal AccessLedger Ledger { get; }

    /// <summary>Under the ledger's lock.</summary>
    internal bool IsDisposed => _disposed;

    /// <summary>The program has disposed the buffer. Raised once, on its thread, outside of all locks.</summary>
    internal event Action<DmaBuf>? Disposed;

    /// <summary>Takes over a descriptor of a dma-buf. It is closed with the buffer, and not passed on to child processes.</summary>
    /// <param name="file">
    /// The descriptor; the handle is closed afterwards. A handle that does not own its descriptor leaves it open. When this
    /// throws, the handle still belongs to the caller.
    /// </param>
    /// <exception cref="ArgumentException">It is not of a dma-buf.</exception>
    /// <exception cref="ObjectDisposedException">It is closed.</exception>
    /// <exception cref="UioException">
    /// EMFILE: the process has no free descriptor. Or the kernel does not tell the buffer's length.
    /// </exception>
    public static DmaBuf FromHandle(SafeFileHandle file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return TryFromHandle(file, out string? otherwise)
            ?? throw new ArgumentException($"The descriptor is not of a dma-buf but of {otherwise}.", nameof(file));
    }

    /// <summary>Another descriptor of the same buffer, to give away. It belongs to the caller.</summary>
    /// <exception cref="UioException">EMFILE: the process has no free descriptor.</exception>
    /// <exception cref="ObjectDisposedException">The buffer has been disposed.</exception>
    public SafeFileHandle DuplicateHandle()
    {
        lock (Ledger.Gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            int result = Syscalls.Duplicate(File, out SafeFileHandle? copy);
            return result < 0 ? throw UioException.From(Calls.Duplicate, ToString(), result) : copy!;
        }
    }

    /// <summary>
    /// Sends the buffer to another process, which takes it with <see cref="Receive"/>. Both have the same memory then, and
    /// each may dispose its buffer without the other.
    /// </summary>
    /// <remarks>
    /// The message is one zero byte and one descriptor (SCM_RIGHTS, see unix(7)). Programs
    /// in other languages can be on the other side. Receive other data on the socket to the exact byte: a receive that reads
    /// into this message without asking for descriptors closes the descriptor. Scopes and transfers exclude each other within
    /// one process only; the two processes have to agree who touches the buffer when.
    /// </remarks>
    /// <param name="socket">
    /// A connected Unix socket. When the other side has too much unread this waits, as <see cref="Socket.Blocking"/> and
    /// <see cref="Socket.SendTimeout"/> say.
    /// </param>
    /// <exception cref="ArgumentException">It is no Unix socket.</exception>
    /// <exception cref="TimeoutException">The socket's time is over, and nothing has been sent.</exception>
    /// <exception cref="UioException">EPIPE: the other side is gone. ENOTCONN, EAGAIN, ETOOMANYREFS: as the message says.</exception>
    /// <exception cref="ObjectDisposedException">The buffer or the socket has been disposed.</exception>
    public void Send(Socket socket) => DmaBufMessage.Send(socket, this);

    /// <summary>Takes a buffer that another process sent with <see cref="Send"/>, or as one byte and one descriptor.</summary>
    /// <param name="socket">
    /// A connected Unix socket. Waits for the buffer, as <see cref="Socket.Blocking"/> and
    /// <see cref="Socket.ReceiveTimeout"/> say.
    /// </param>
    /// <exception cref="ArgumentException">It is no Unix socket.</exception>
    /// <exception cref="TimeoutException">The socket's time is over, and nothing has been received.</exception>
    /// <exception cref="UioException">
    /// ECONNRESET: the other side has closed the connection. ENOMSG: a byte came without a descriptor. EBADMSG: the
    /// descriptor is not of a dma-buf, or there was more than one. EMFILE: no free descriptor, the buffer is lost. The
    /// message has been taken from the socket then, and every descriptor in it closed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The socket has been disposed.</exception>
    public static DmaBuf Receive(Socket socket) => DmaBufMessage.Receive(socket);

    /// <summary>
    /// Takes a buffer as <see cref="Receive"/> does, and waits without a thread. Like the socket's own async calls, it ignores
    /// the socket's timeout.
    /// </summary>
    /// <param name="socket">A connected Unix socket.</param>
    /// <param name="token">Ends the wait. Nothing has been received then.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <inheritdoc cref="Receive"/>
    public static ValueTask<DmaBuf> ReceiveAsync(Socket socket, CancellationToken token = default) =>
        DmaBufMessage.ReceiveAsync(socket, token);

    /// <summary>
    /// A name for people to read in <c>/proc/PID/fdinfo</c> and debugfs. All processes that have the buffer see it. Empty by
    /// default.
    /// </summary>
    /// <exception cref="UioException">EINVAL: the name is longer than 31 bytes of UTF-8.</exception>
    /// <exception cref="ObjectDisposedException">The buffer has been disposed.</exception>
    public string Name
    {
        get
        {
            lock (Ledger.Gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                return ReadInfo(File, "name:") ?? "";
            }
        }

        set
        {
            ArgumentNullException.ThrowIfNull(value);
            lock (Ledger.Gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                int result = Shim.SetName(File, value);
                if (result < 0)
                    throw UioException.From(Calls.SetName, ToString(), result);
            }
        }
    }

    /// <summary>
    /// Waits for the buffer's implicit fences: other drivers, such as a GPU's or a display's, set them while they work on it.
    /// UIO devices set none; their drivers wait for their transfers.
    /// </summary>
    /// <param name="mode">
    /// What you do next: before a read this waits for writers, before a write for all.
    /// </param>
    /// <param name="timeout">How long to wait; zero does not wait, <see cref="Timeout.InfiniteTimeSpan"/> has no limit.</param>
    /// <param name="token">Ends the wait.</param>
    /// <exception cref="TimeoutException">The fences were not signalled in time.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The buffer has been disposed.</exception>
    public Task WaitAsync(CpuAccessMode mode, TimeSpan timeout, CancellationToken token = default)
    {
        CheckMode(mode);
        var deadline = new Deadline(timeout);
        if (token.IsCancellationRequested)
            return Task.FromCanceled(token);

        ThrowIfDisposed();
        return FenceWait.RunAsync(this, mode, deadline, token);
    }

    /// <summary>Begins a scope in which the CPU may access the buffer, or a part of it.</summary>
    /// <param name="mode">What the CPU does there. A writing scope excludes all others; reading scopes may be open together.</param>
    /// <param name="offset">Where the part begins, in bytes.</param>
    /// <param name="length">How long it is, in bytes; -1 is up to the end.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The part is not inside of the buffer, or longer than a span can be: take windows of a buffer over 2 GiB.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// Another scope is in the way; or the scope writes, and a device has the buffer as <see cref="DmaDirection.FromDevice"/>:
    /// what the CPU writes would be lost.
    /// </exception>
    /// <exception cref="UioException">The kernel refused, or the exporter does not let the CPU map the buffer.</exception>
    /// <exception cref="ObjectDisposedException">The buffer has been disposed.</exception>
    public CpuAccess BeginAccess(CpuAccessMode mode, long offset = 0, int length = -1)
    {
        Window window = Open(mode, offset, length);
        return new CpuAccess(this, window);
    }

    /// <summary>
    /// Begins a scope as <see cref="BeginAccess"/> does, for code that takes <see cref="Memory{T}"/>: streams, pipelines,
    /// RandomAccess, anything that awaits. The scope ends when the owner is disposed.
    /// </summary>
    /// <inheritdoc cref="BeginAccess"/>
    /// <returns>
    /// The part of the buffer. After Dispose its memory throws <see cref="ObjectDisposedException"/>; while an operation has
    /// it pinned, Dispose throws <see cref="InvalidOperationException"/>.
    /// </returns>
    public IMemoryOwner<byte> BeginMemoryAccess(CpuAccessMode mode, long offset = 0, int length = -1) =>
        new DmaBufMemory(this, Open(mode, offset, length));

    /// <summary>
    /// Closes the buffer. Its memory is freed once its last mapping and its last descriptor in any process are gone. Later calls
    /// do nothing.
    /// </summary>
    /// <exception cref="InvalidOperationException">A scope of CPU access is open. Nothing has happened then.</exception>
    public void Dispose()
    {
        lock (Ledger.Gate)
        {
            if (_disposed)
                return;

            Ledger.CheckNoScope("the buffer");
            _disposed = true;
            _map?.Retire();
            CloseIfUnused();
        }

        Disposed?.Invoke(this);
    }

    /// <summary>The buffer in words: <c>dma-buf of 4096 bytes from system</c>.</summary>
    public override string ToString() => $"dma-buf of {Length} bytes from {Exporter}{(_disposed ? ", disposed" : "")}";

    /// <summary>
    /// Takes over a descriptor as <see cref="FromHandle"/> does. A descriptor of anything else gives null, and
    /// <paramref name="otherwise"/> says of what; it still belongs to the caller.
    /// </summary>
    internal static DmaBuf? TryFromHandle(SafeFileHandle file, out string? otherwise)
    {
        // The buffer gets a descriptor of its own: a handle that does not own its descriptor leaves somebody else to close it.
        int result = Syscalls.Duplicate(file, out SafeFileHandle? own);
        if (result < 0)
        {
            if (result == -Errno.EBADF)
            {
                otherwise = Describe(file);
                return null;
            }

            throw UioException.From(Calls.Duplicate, $"descriptor {file.DangerousGetHandle()}", result);
        }

        DmaBuf? buffer = null;
        try
        {
            buffer = TryFromOwn(own!, -1, out otherwise);
            if (buffer is not null)
                file.Dispose();
            return buffer;
        }
        finally
        {
            if (buffer is null)
                own!.Dispose();
        }
    }

    /// <summary>Makes a buffer of a descriptor that nobody else can close: a device may have the buffer.</summary>
    private static DmaBuf? TryFromOwn(SafeFileHandle file, long length, out string? otherwise)
    {
        otherwise = null;
        if (ReadInfo(file, "exp_name:") is not { } exporter)
        {
            otherwise = Describe(file);
            return null;
        }

        long capacity = Syscalls.SeekToEnd(file);
        if (capacity < 0)
            throw UioException.From(Calls.Seek, $"descriptor {file.DangerousGetHandle()}", capacity);

        return length < 0 ? new DmaBuf(file, capacity, exporter)
            : new DmaBuf(file, capacity, exporter) { Length = length, _pressure = new MemoryPressure(capacity) };
    }

    /// <summary>Makes a buffer of a descriptor that the kernel just made.</summary>
    /// <param name="fd">The descriptor.</param>
    /// <param name="length">How long the buffer was to be; -1 is all that the kernel made.</param>
    internal static DmaBuf FromNewDescriptor(int fd, long length = -1)
    {
        var file = new SafeFileHandle(fd, ownsHandle: true);
        try
        {
            return TryFromOwn(file, length, out string? otherwise)
                ?? throw new ArgumentException($"The descriptor is not of a dma-buf but of {otherwise}.", nameof(fd));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Sends the descriptor without waiting. Returns a negative errno on failure.</summary>
    internal int TrySend(SafeHandle socket)
    {
        lock (Ledger.Gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return Syscalls.SendDescriptor(socket, File);
        }
    }

    internal void ThrowIfDisposed()
    {
        lock (Ledger.Gate)
            ObjectDisposedException.ThrowIf(_disposed, this);
    }

    /// <summary>A device is about to have the buffer; it stays open until <see cref="RemoveMapping"/>.</summary>
    /// <remarks>
    /// Counted here and not in the handle: a handle with references outstanding would never be closed if device and
    /// buffer became unreachable without a Dispose.
    /// </remarks>
    internal void AddMapping(DmaDirection direction)
    {
        lock (Ledger.Gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Ledger.AddMapping(direction);
        }
    }

    internal void RemoveMapping(DmaDirection direction)
    {
        lock (Ledger.Gate)
        {
            Ledger.RemoveMapping(direction);
            CloseIfUnused();
        }
    }

    /// <summary>
    /// Syncs what an open scope has written so far, as the scope's end does, if the end of a mapping would lose it. Under the
    /// ledger's lock.
    /// </summary>
    internal void SaveWrites(DmaDirection direction)
    {
        if (Ledger.IsBeingWrittenBeside(direction))
            _ = Shim.Sync(File, Ledger.OpenSync | Shim.SyncEnd); // when it fails, nothing better can be done
    }

    internal void EndAccess(long ticket)
    {
        lock (Ledger.Gate)
        {
            if (!RemoveScope(ticket))
                return;

            int result = Shim.Sync(File, Ledger.OpenSync | Shim.SyncEnd);
            if (result < 0)
                throw UioException.From(Calls.Sync, ToString(), result);
        }
    }

    private unsafe Window Open(CpuAccessMode mode, long offset, int length, bool toWrite = true)
    {
        CheckMode(mode);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, -1);
        long size = length < 0 ? Length - offset : length;
        if (size > Length - offset || size > int.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(length), size,
                $"The part at {offset} is not inside of the buffer's {Length} bytes, or over 2 GiB.");

        ulong sync;
        long ticket;
        int place;
        MemoryMap map;
        lock (Ledger.Gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            sync = Ledger.CheckScope(mode, offset, size);
            map = MapFor(toWrite);

            // A scope that nobody ends keeps its memory mapped: the span does not keep this object from the collector.
            bool isKept = false;
            map.DangerousAddRef(ref isKept);
            (ticket, place) = Ledger.AddScope(mode, offset, size, sync);
        }

        // Without the lock: the kernel waits for the buffer's fences here, for as long as they take. The scope counts as open.
        int result = Shim.Sync(File, sync);
        if (result < 0)
        {
            lock (Ledger.Gate)
                RemoveScope(ticket);
            throw UioException.From(Calls.Sync, ToString(), result);
        }

        return new Window(ticket, place, map, map.Address + offset, (int)size);
    }

    private bool RemoveScope(long ticket)
    {
        if (!Ledger.RemoveScope(ticket))
            return false;

        _map!.DangerousRelease();
        return true;
    }

    /// <summary>
    /// The buffer's map. A read-only map is for our own reading: a write through a span would end the program. It is never
    /// replaced: the exporter allows no other.
    /// </summary>
    private MemoryMap MapFor(bool writing)
    {
        if (_map is { } map && (map.IsWritable || !writing))
            return map;

        int result = MemoryMap.Create(File, 0, Capacity, out MemoryMap? made);
        if (result == -Errno.EACCES && !writing)
            result = MemoryMap.Create(File, 0, Capacity, out made, writable: false);
        return result < 0 ? throw UioException.From(Calls.MapBuffer, ToString(), result) : _map = made!;
    }

    private void CloseIfUnused()
    {
        if (!_disposed || _closed || Ledger.Mappings > 0)
            return;

        _closed = true;
        File.Dispose();
        _pressure?.Dispose();
    }

    private static void CheckMode(CpuAccessMode mode)
    {
        if (mode is not (CpuAccessMode.Read or CpuAccessMode.Write or CpuAccessMode.ReadWrite))
            throw new ArgumentOutOfRangeException(nameof(mode), mode, "A mode is Read, Write or ReadWrite.");
    }

    /// <summary>What the kernel says about a descriptor's buffer under a key; null when it says nothing.</summary>
    private static string? ReadInfo(SafeFileHandle file, string key)
    {
        string path = $"/proc/self/fdinfo/{file.DangerousGetHandle()}";
        int result = Syscalls.Open(path, LibC.O_RDONLY, out SafeFileHandle? info);
        if (result == -Errno.ENOENT && Directory.Exists("/proc/self"))
            return null; // it is not open
        if (result < 0)
            throw UioException.From(Calls.OpenInfo, path, result);

        // A dma-buf's fdinfo is some hundred bytes long; a longer one is of something else.
        Span<byte> bytes = stackalloc byte[1024];
        using (info)
            result = Syscalls.Read(info!, bytes);
        if (result < 0)
            throw UioException.From(Calls.OpenInfo, path, result);

        foreach (ReadOnlySpan<char> line in Encoding.UTF8.GetString(bytes[..result]).AsSpan().EnumerateLines())
        {
            if (line.StartsWith(key, StringComparison.Ordinal))
                return line[key.Length..].TrimStart('\t').ToString();
        }

        return null;
    }

    private static string Describe(SafeFileHandle file)
    {
        try
        {
            return System.IO.File.ResolveLinkTarget($"/proc/self/fd/{file.DangerousGetHandle()}", returnFinalTarget: false)?.ToString()
                ?? "closed";
        }
        catch (IOException)
        {
            return "closed";
        }
    }

    /// <summary>The part of the buffer that a scope covers. It refers to the map to keep that from the collector.</summary>
    internal readonly unsafe struct Window(long ticket, int place, MemoryMap map, byte* address, int length)
    {
        public readonly long Ticket = ticket;
        public readonly int Place = place;
        public readonly MemoryMap Map = map;
        public readonly byte* Address = address;
        public readonly int Length = length;

        public Span<byte> Span => new(Address, Length);
    }
}
