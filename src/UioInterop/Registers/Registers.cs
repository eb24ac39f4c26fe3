using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// The registers of a device: one of its memory maps. Every access is one load or store of exactly the width asked for,
/// never split, merged, narrowed, repeated or left out, and goes to the device in program order.
/// </summary>
/// <remarks>
/// <para>The ordering is that of Linux's <c>readl</c> and <c>writel</c> (Documentation/memory-barriers.txt): memory
/// written before a register write is visible to the device when that write arrives; memory read after a register read
/// is as new as that read. <c>WriteRelaxed</c>, like <c>writel_relaxed</c>, keeps the order of the device's own
/// registers only. Caches are not touched: that is what <see cref="CpuAccess"/> is for.</para>
/// <para>Values are little-endian, as the CPU is. Nothing is allocated. Thread-safe as far as the device is.</para>
/// <para>The registers end with their device: after its Dispose every access throws
/// <see cref="ObjectDisposedException"/>. They keep the device from the garbage collector.</para>
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
public sealed unsafe class Registers
{
    private readonly IRegisterOwner _owner;
    private readonly MemoryMap _map;
    private readonly Registers _whole; // of the map; itself, unless this is a slice
    private readonly long _start;
    private readonly byte* _first;
    private readonly Lock _modifying = new(); // of the whole map: protects what is read, changed and written
    private volatile bool _disposed; // of the whole map

    internal Registers(IRegisterOwner owner, UioMapInfo info, MemoryMap map)
    {
        _owner = owner;
        _map = map;
        _whole = this;
        _first = map.Address + info.Offset;
        Info = info;
        Length = Math.Max(0, Math.Min(info.Length, map.Length - info.Offset));
    }

    private Registers(Registers of, long offset, long length)
    {
        _owner = of._owner;
        _map = of._map;
        _whole = of._whole;
        _start = of._start + offset;
        _first = of._first + offset;
        Info = of.Info;
        Length = length;
    }

    /// <summary>The device that has them.</summary>
    internal IRegisterOwner Owner => _owner;

    /// <summary>The map as the kernel describes it.</summary>
    public UioMapInfo Info { get; }

    /// <summary>
    /// How many bytes can be accessed. The kernel maps whole pages of physical memory only: a part of a page at the map's end is
    /// left out.
    /// </summary>
    public long Length { get; }

    /// <summary>A register of 32 bits, by offset.</summary>
    /// <param name="offset">Offset from the start in bytes, a multiple of 4.</param>
    /// <exception cref="ArgumentOutOfRangeException">The register is not inside of the map.</exception>
    /// <exception cref="ArgumentException">The offset is not a multiple of 4.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public uint this[int offset]
    {
        get => Read(new Register<uint>(offset));
        set => Write(new Register<uint>(offset), value);
    }

    /// <summary>Some of the registers, with offsets of their own: a channel of a device that has several.</summary>
    /// <param name="offset">Where they begin, in bytes: a multiple of 8, so that what is aligned there is aligned here.</param>
    /// <param name="length">How many bytes; -1 is up to the end.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part is not inside of the map.</exception>
    /// <exception cref="ArgumentException">The offset is not a multiple of 8.</exception>
    public Registers Slice(long offset, long length = -1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, -1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
        if (offset % sizeof(ulong) != 0)
        {
            throw new ArgumentException(
                $"A slice at 0x{offset:x} of {Info} would hide how its registers are aligned: begin it at a multiple of 8.",
                    nameof(offset));
        }

        return new Registers(this, offset, length < 0 ? Length - offset : length);
    }

    /// <summary>Reads a register.</summary>
    /// <param name="register">The register.</param>
    /// <returns>The value; all ones when no device answers, on most machines.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The register is not inside of the map.</exception>
    /// <exception cref="ArgumentException">The offset is not a multiple of the width.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    // The compiler keeps only the branch of T's width.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Read<T>(Register<T> register) where T : unmanaged
    {
        void* address = Address(register.Offset, sizeof(T), register.Name);
        T value = sizeof(T) switch
        {
            sizeof(byte) => Unsafe.BitCast<byte, T>(Shim.Read8(address)),
            sizeof(ushort) => Unsafe.BitCast<ushort, T>(Shim.Read16(address)),
            sizeof(uint) => Unsafe.BitCast<uint, T>(Shim.Read32(address)),
            _ => Unsafe.BitCast<ulong, T>(Shim.Read64(address)),
        };
        GC.KeepAlive(this);
        return value;
    }

    /// <summary>Writes a register. The write may still be on its way on return; reading from the device waits for it.</summary>
    /// <param name="register">The register.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentOutOfRangeException">The register is not inside of the map.</exception>
    /// <exception cref="ArgumentException">The offset is not a multiple of the width.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write<T>(Register<T> register, RegisterValue<T> value) where T : unmanaged
    {
        void* address = Address(register.Offset, sizeof(T), register.Name);
        switch (sizeof(T))
        {
            case sizeof(byte):
                Shim.Write8(address, Unsafe.BitCast<T, byte>(value.Value));
                break;
            case sizeof(ushort):
                Shim.Write16(address, Unsafe.BitCast<T, ushort>(value.Value));
                break;
            case sizeof(uint):
                Shim.Write32(address, Unsafe.BitCast<T, uint>(value.Value));
                break;
            default:
                Shim.Write64(address, Unsafe.BitCast<T, ulong>(value.Value));
                break;
        }

        GC.KeepAlive(this);
    }

    /// <summary>Writes a register, in order with this device's other registers and with nothing else.</summary>
    /// <remarks>
    /// Memory written before may reach the device after this write. Use it for all registers of a command except the one that
    /// starts it.
    /// </remarks>
    /// <inheritdoc cref="Write{T}(Register{T}, RegisterValue{T})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteRelaxed<T>(Register<T> register, RegisterValue<T> value) where T : unmanaged
    {
        void* address = Address(register.Offset, sizeof(T), register.Name);
        switch (sizeof(T))
        {
            case sizeof(byte):
                Shim.Write8Relaxed(address, Unsafe.BitCast<T, byte>(value.Value));
                break;
            case sizeof(ushort):
                Shim.Write16Relaxed(address, Unsafe.BitCast<T, ushort>(value.Value));
                break;
            case sizeof(uint):
                Shim.Write32Relaxed(address, Unsafe.BitCast<T, uint>(value.Value));
                break;
            default:
                Shim.Write64Relaxed(address, Unsafe.BitCast<T, ulong>(value.Value));
                break;
        }

        GC.KeepAlive(this);
    }

    /// <summary>
    /// Reads a register, changes some of its bits, and writes it. One such change of a map runs at a time. A plain write beside
    /// it may be lost, and so may a change that the device makes meanwhile.
    /// </summary>
    /// <param name="register">The register.</param>
    /// <param name="mask">Which bits.</param>
    /// <param name="value">What they become; no other bits.</param>
    /// <returns>The value that was written.</returns>
    /// <exception cref="ArgumentException">
    /// The value has bits outside of the mask; or the offset is not a multiple of the width.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">The register is not inside of the map.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public T Modify<T>(Register<T> register, RegisterValue<T> mask, RegisterValue<T> value) where T : unmanaged
    {
        ulong bits = RegisterBits.From(mask.Value), state = RegisterBits.From(value.Value);
        if ((state & ~bits) != 0)
            throw new ArgumentException($"0x{state:x} has bits outside of the mask 0x{bits:x} of {register}.", nameof(value));

        lock (_whole._modifying)
        {
            T changed = RegisterBits.To<T>((RegisterBits.From(Read(register)) & ~bits) | state);
            Write(register, changed);
            return changed;
        }
    }

    /// <summary>Sets some bits of a register, as <see cref="Modify"/> does.</summary>
    /// <param name="register">The register.</param>
    /// <param name="bits">Which bits.</param>
    /// <returns>The value that was written.</returns>
    /// <inheritdoc cref="Modify"/>
    public T SetBits<T>(Register<T> register, RegisterValue<T> bits) where T : unmanaged => Modify(register, bits, bits);

    /// <summary>Clears some bits of a register, as <see cref="Modify"/> does.</summary>
    /// <param name="register">The register.</param>
    /// <param name="bits">Which bits.</param>
    /// <returns>The value that was written.</returns>
    /// <inheritdoc cref="Modify"/>
    public T ClearBits<T>(Register<T> register, RegisterValue<T> bits) where T : unmanaged => Modify(register, bits, default);

    /// <summary>Reads a register until some of its bits have a value, or the time is over.</summary>
    /// <param name="register">The register. It is read any number of times, once at least: reading must do no harm.</param>
    /// <param name="mask">Which of its bits count.</param>
    /// <param name="value">What they are to be; no other bits.</param>
    /// <param name="timeout">How long to wait; zero reads once, <see cref="Timeout.InfiniteTimeSpan"/> has no limit.</param>
    /// <returns>
    /// Whether the value came. The last read is made after the time is over, as in Linux's <c>read_poll_timeout</c>: a
    /// thread that did not run for a while reports no timeout for a value that is there.
    /// </returns>
    /// <remarks>The first reads follow each other within microseconds, later ones within about a millisecond.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The register is not inside of the map, or the timeout is negative.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// The value has bits outside of the mask, so it could never come; or the offset is not a multiple of the width.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed, perhaps while this waited.</exception>
    public bool WaitFor<T>(Register<T> register, RegisterValue<T> mask, RegisterValue<T> value, TimeSpan timeout) where T : unmanaged =>
        WaitFor(register.Offset, sizeof(T), register.Name, RegisterBits.From(mask.Value), RegisterBits.From(value.Value), timeout);

    /// <summary>Reads 8 bits.</summary>
    /// <inheritdoc cref="Read32(int)"/>
    public byte Read8(int offset) => Read(new Register<byte>(offset));

    /// <summary>Reads 16 bits.</summary>
    /// <inheritdoc cref="Read32(int)"/>
    public ushort Read16(int offset) => Read(new Register<ushort>(offset));

    /// <summary>Reads 32 bits.</summary>
    /// <param name="offset">Offset from the start in bytes, a multiple of the width.</param>
    /// <inheritdoc cref="Read{T}(Register{T})"/>
    public uint Read32(int offset) => Read(new Register<uint>(offset));

    /// <summary>Reads 64 bits.</summary>
    /// <inheritdoc cref="Read32(int)"/>
    public ulong Read64(int offset) => Read(new Register<ulong>(offset));

    /// <summary>Writes 8 bits.</summary>
    /// <inheritdoc cref="Write32(int, uint)"/>
    public void Write8(int offset, byte value) => Write(new Register<byte>(offset), value);

    /// <summary>Writes 16 bits.</summary>
    /// <inheritdoc cref="Write32(int, uint)"/>
    public void Write16(int offset, ushort value) => Write(new Register<ushort>(offset), value);

    /// <summary>Writes 32 bits.</summary>
    /// <param name="offset">Offset from the start in bytes, a multiple of the width.</param>
    /// <param name="value">The value.</param>
    /// <inheritdoc cref="Write{T}(Register{T}, RegisterValue{T})"/>
    public void Write32(int offset, uint value) => Write(new Register<uint>(offset), value);

    /// <summary>Writes 64 bits.</summary>
    /// <inheritdoc cref="Write32(int, uint)"/>
    public void Write64(int offset, ulong value) => Write(new Register<ulong>(offset), value);

    /// <summary>The registers in words: <c>map0 "BAR0", 1048576 bytes, of /dev/uio0</c>. No register is read for it.</summary>
    public override string ToString() =>
        (_whole == this ? $"{Info}" : $"map{Info.Index} from 0x{_start:x} on, {Length} bytes")
        + $", of {_owner.Info.DevicePath}{(_whole._disposed ? ", disposed" : "")}";

    private const string Unnamed = "register";

    /// <summary>Maps the registers of a device's map.</summary>
    /// <exception cref="UioException">The kernel does not let it be mapped.</exception>
    internal static Registers Create(IRegisterOwner owner, SafeFileHandle file, UioMapInfo info)
    {
        // UIO selects the map by its number, as the page offset.
        long number = (long)info.Index * Syscalls.PageSize;
        long whole = info.Size & -(long)Syscalls.PageSize;
        int result = -Errno.EINVAL;
        MemoryMap? map = null;
        if (info.Length > 0 && info.Size <= long.MaxValue - Syscalls.PageSize)
            result = MemoryMap.Create(file, number, Syscalls.RoundUpToPages(info.Size), out map);

        // The kernel maps only pages of physical memory that lie in the map as a whole (uio_mmap_physical).
        if (result == -Errno.EINVAL && whole != info.Size && whole > info.Offset)
            result = MemoryMap.Create(file, number, whole, out map);
        if (result >= 0)
            return new Registers(owner, info, map!);

        throw whole > info.Offset
            ? UioException.From(Calls.MapRegisters, owner.Info.DevicePath, result)
            : new UioException(Calls.MapRegisters, owner.Info.DevicePath, -result,
                $"map{info.Index} has {info.Size} bytes, and its registers begin at {info.Offset}: no whole page "
                    + "holds any, and the kernel maps "
                + "whole pages. Its driver has to round the size up, as uio_pdrv_genirq does");
    }

    /// <summary>Refuses accesses from now on. An access already past the check reaches harmless memory.</summary>
    internal void Retire()
    {
        _disposed = true;
        _map.Retire();
    }

    /// <summary>One operation of a program, as the kernel does it. False when a poll's time is over.</summary>
    internal bool TryRun(in QuiesceArguments operation)
    {
        long offset = (long)operation.Register - Info.Offset;
        int width = (int)operation.Width / 8;
        switch (operation.Kind)
        {
            case QuiesceArguments.KindWrite:
                Write(offset, width, operation.Value);
                return true;
            case QuiesceArguments.KindModify:
                Write(offset, width, (Read(offset, width, Unnamed) & ~operation.Mask) | operation.Value);
                return true;
            default:
                bool differ = (operation.Flags & QuiesceArguments.FlagDiffer) != 0;
                var timeout = TimeSpan.FromMicroseconds(operation.TimeoutMicroseconds);
                return WaitFor(offset, width, Unnamed, operation.Mask, operation.Value, timeout, differ);
        }
    }

    private bool WaitFor(long offset, int width, string name, ulong mask, ulong value, TimeSpan timeout, bool differ = false)
    {
        if ((value & ~mask) != 0)
        {
            throw new ArgumentException(
                $"0x{value:x} has bits outside of the mask 0x{mask:x}: {name} at 0x{offset:x} could never match it.", nameof(value));
        }

        var deadline = new Deadline(timeout);
        SpinWait between = default;
        while (true)
        {
            // Before the read, so that a read follows the end of the time.
            bool over = deadline.IsOver;
            ulong now = Read(offset, width, name);

            // The memory that Dispose puts in the registers' place reads as zero, which may be the value waited for.
            if (_whole._disposed)
                ThrowDisposed();
            if ((now & mask) == value != differ)
                return true;
            if (over)
                return false;

            // Nothing signals a register's change. This spins, then yields, then sleeps for a millisecond at a time, so a
            // Dispose is noticed within a millisecond.
            between.SpinOnce();
        }
    }

    /// <summary>
    /// Writes where the device reaches a transfer's part of a buffer into a register of 64 bits, after earlier writes to
    /// memory. The kernel does it where it can (<see cref="UioFeatures.WritesAddresses"/>), so that the program needs no
    /// address.
    /// </summary>
    /// <param name="register">The register.</param>
    /// <param name="lease">The transfer.</param>
    /// <param name="offset">
    /// The byte of the part whose address is written, in bytes from the part's start. The device reaches the rest of the part
    /// from there.
    /// </param>
    /// <exception cref="UioException">
    /// E2BIG: the part is not contiguous for the device. EOPNOTSUPP: the map is not one of registers. EINVAL: the register
    /// is beyond the device's resource. ENODEV: the device is gone. ENOENT: the mapping was ended behind the library's back.
    /// ENOTTY: the kernel neither tells addresses nor writes them.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">The register is not in this map, or the byte not in the part.</exception>
    /// <exception cref="ArgumentException">The lease is one of another device.</exception>
    /// <exception cref="InvalidOperationException">
    /// The part is not contiguous for the device, or the lease is the default value.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed, or the mapping.</exception>
    public void WriteAddress(Register<ulong> register, TransferLease lease, long offset = 0)
    {
        ulong at = OffsetInMap(register.Offset, sizeof(ulong), register.Name);
        if (TryHaveWritten(WriteAddressArguments.Format64, at, 0, highFirst: false, lease, offset, out DeviceAddress address))
            return;

        Write(register, address.Value);
    }

    /// <summary>The same into a register of 32 bits. ERANGE: an address in the part needs more.</summary>
    /// <inheritdoc cref="WriteAddress(Register{ulong}, TransferLease, long)"/>
    public void WriteAddress(Register<uint> register, TransferLease lease, long offset = 0)
    {
        ulong at = OffsetInMap(register.Offset, sizeof(uint), register.Name);
        if (TryHaveWritten(WriteAddressArguments.Format32, at, 0, highFirst: false, lease, offset, out DeviceAddress address))
            return;

        Write(register, (uint)address.Value);
    }

    /// <summary>The same into two registers of 32 bits.</summary>
    /// <param name="low">The register for the lower half.</param>
    /// <param name="high">The register for the upper half.</param>
    /// <param name="lease">The transfer.</param>
    /// <param name="offset">
    /// The byte of the part whose address is written, in bytes from the part's start. The device reaches the rest of the part
    /// from there.
    /// </param>
    /// <param name="highFirst">Whether the upper half is written first.</param>
    /// <inheritdoc cref="WriteAddress(Register{ulong}, TransferLease, long)"/>
    public void WriteAddress(Register<uint> low, Register<uint> high, TransferLease lease, long offset = 0, bool highFirst = false)
    {
        ulong at = OffsetInMap(low.Offset, sizeof(uint), low.Name);
        ulong above = OffsetInMap(high.Offset, sizeof(uint), high.Name);
        if (TryHaveWritten(WriteAddressArguments.FormatPair, at, above, highFirst, lease, offset, out DeviceAddress address))
            return;

        if (highFirst)
            Write(high, (uint)(address.Value >> 32));
        Write(low, (uint)address.Value);
        if (!highFirst)
            Write(high, (uint)(address.Value >> 32));
    }

    /// <summary>
    /// A register's offset for the kernel, which counts from the start of mmap(): the device's registers may begin later.
    /// </summary>
    internal ulong OffsetInMap(int offset, int width, string name)
    {
        _ = Address(offset, width, name);
        return (ulong)(Info.Offset + _start + offset);
    }

    private bool TryHaveWritten(
        uint format, ulong register, ulong highRegister, bool highFirst, TransferLease lease, long offset, out DeviceAddress address)
    {
        Attachment attachment = lease.Attachment;
        if (!ReferenceEquals(attachment.Owner, _owner))
            throw new ArgumentException($"The lease is one of {attachment.Owner.Info}, not of {_owner.Info}.", nameof(lease));
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, lease.Length);

        address = default;
        if (!_owner.Features.WritesAddresses)
        {
            address = attachment.AddressOf(lease.Offset + offset, lease.Length - offset);

            // As the kernel does: the device counts on from there, so the last byte's address needs to fit 32 bits as well.
            if (format == WriteAddressArguments.Format32 && (address + (lease.Length - offset - 1)).Value > uint.MaxValue)
                throw UioException.From(Calls.WriteAddress, _owner.Info.DevicePath, -Errno.ERANGE);
            return false;
        }

        _owner.WriteAddress(new WriteAddressArguments
        {
            Flags = highFirst ? WriteAddressArguments.HighFirst : 0,
            Handle = attachment.Handle,
            Map = (uint)Info.Index,
            Offset = (ulong)(lease.Offset + offset),
            Length = (ulong)(lease.Length - offset),
            Register = register,
            HighRegister = highRegister,
            Format = format,
        });
        return true;
    }

    private ulong Read(long offset, int width, string name)
    {
        void* address = Address(offset, width, name);
        ulong value = width switch
        {
            sizeof(byte) => Shim.Read8(address),
            sizeof(ushort) => Shim.Read16(address),
            sizeof(uint) => Shim.Read32(address),
            _ => Shim.Read64(address),
        };
        GC.KeepAlive(this);
        return value;
    }

    private void Write(long offset, int width, ulong value)
    {
        void* address = Address(offset, width, Unnamed);
        switch (width)
        {
            case sizeof(byte):
                Shim.Write8(address, (byte)value);
                break;
            case sizeof(ushort):
                Shim.Write16(address, (ushort)value);
                break;
            case sizeof(uint):
                Shim.Write32(address, (uint)value);
                break;
            default:
                Shim.Write64(address, value);
                break;
        }

        GC.KeepAlive(this);
    }

    private byte* Address(long offset, int width, string name)
    {
        if (_whole._disposed)
            ThrowDisposed();
        if (offset < 0 || offset > Length - width)
            ThrowOutside(offset, width, name);
        if ((offset & (width - 1)) != 0)
            ThrowUnaligned(offset, width, name);
        return _first + offset;
    }

    [DoesNotReturn]
    private void ThrowDisposed() =>
        throw _owner.Info.Disposed(", and its registers with it");

    [DoesNotReturn]
    private void ThrowOutside(long offset, int width, string name) =>
        throw new ArgumentOutOfRangeException(nameof(offset), offset,
            $"{name} at 0x{offset:x}, {width * 8} bits wide, is not inside of {this}.");

    [DoesNotReturn]
    private void ThrowUnaligned(long offset, int width, string name) =>
        throw new ArgumentException(
            $"{name} at 0x{offset:x} of {this} is {width * 8} bits wide: its offset has to be a multiple of {width}.", nameof(offset));
}
