using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
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
[DebuggerDisplay("{DebuggerDisplay,nq}")]
public sealed unsafe class Registers
{
    private readonly UioDevice _device;
    private readonly MemoryMap _map;
    private readonly byte* _first;
    private volatile bool _disposed;

    internal Registers(UioDevice device, UioMapInfo info, MemoryMap map)
    {
        _device = device;
        _map = map;
        _first = map.Address + info.Offset;
        Info = info;
    }

    /// <summary>Whose they are.</summary>
    internal UioDevice Device => _device;

    /// <summary>The map as the kernel describes it.</summary>
    public UioMapInfo Info { get; }

    /// <summary>How many bytes there are to access.</summary>
    public long Length => Info.Length;

    /// <summary>Reads a register of 8 bits.</summary>
    /// <param name="register">The register.</param>
    /// <inheritdoc cref="Read32(int)"/>
    public byte Read(Register<byte> register)
    {
        byte value = Shim.Read8(Address(register.Offset, sizeof(byte), register.Name));
        GC.KeepAlive(this);
        return value;
    }

    /// <summary>Reads a register of 16 bits.</summary>
    /// <param name="register">The register.</param>
    /// <inheritdoc cref="Read32(int)"/>
    public ushort Read(Register<ushort> register)
    {
        ushort value = Shim.Read16(Address(register.Offset, sizeof(ushort), register.Name));
        GC.KeepAlive(this);
        return value;
    }

    /// <summary>Reads a register of 32 bits.</summary>
    /// <param name="register">The register.</param>
    /// <inheritdoc cref="Read32(int)"/>
    public uint Read(Register<uint> register)
    {
        uint value = Shim.Read32(Address(register.Offset, sizeof(uint), register.Name));
        GC.KeepAlive(this);
        return value;
    }

    /// <summary>Reads a register of 64 bits.</summary>
    /// <param name="register">The register.</param>
    /// <inheritdoc cref="Read32(int)"/>
    public ulong Read(Register<ulong> register)
    {
        ulong value = Shim.Read64(Address(register.Offset, sizeof(ulong), register.Name));
        GC.KeepAlive(this);
        return value;
    }

    /// <summary>Writes a register of 8 bits.</summary>
    /// <param name="register">The register.</param>
    /// <param name="value">The value.</param>
    /// <inheritdoc cref="Write32(int, uint)"/>
    public void Write(Register<byte> register, byte value)
    {
        Shim.Write8(Address(register.Offset, sizeof(byte), register.Name), value);
        GC.KeepAlive(this);
    }

    /// <summary>Writes a register of 16 bits.</summary>
    /// <param name="register">The register.</param>
    /// <param name="value">The value.</param>
    /// <inheritdoc cref="Write32(int, uint)"/>
    public void Write(Register<ushort> register, ushort value)
    {
        Shim.Write16(Address(register.Offset, sizeof(ushort), register.Name), value);
        GC.KeepAlive(this);
    }

    /// <summary>Writes a register of 32 bits.</summary>
    /// <param name="register">The register.</param>
    /// <param name="value">The value.</param>
    /// <inheritdoc cref="Write32(int, uint)"/>
    public void Write(Register<uint> register, uint value)
    {
        Shim.Write32(Address(register.Offset, sizeof(uint), register.Name), value);
        GC.KeepAlive(this);
    }

    /// <summary>Writes a register of 64 bits.</summary>
    /// <param name="register">The register.</param>
    /// <param name="value">The value.</param>
    /// <inheritdoc cref="Write32(int, uint)"/>
    public void Write(Register<ulong> register, ulong value)
    {
        Shim.Write64(Address(register.Offset, sizeof(ulong), register.Name), value);
        GC.KeepAlive(this);
    }

    /// <summary>Writes a register of 8 bits, in order with this device's other registers and with nothing else.</summary>
    /// <param name="register">The register.</param>
    /// <param name="value">The value.</param>
    /// <inheritdoc cref="WriteRelaxed32(int, uint)"/>
    public void WriteRelaxed(Register<byte> register, byte value)
    {
        Shim.Write8Relaxed(Address(register.Offset, sizeof(byte), register.Name), value);
        GC.KeepAlive(this);
    }

    /// <summary>Writes a register of 16 bits, in order with this device's other registers and with nothing else.</summary>
    /// <param name="register">The register.</param>
    /// <param name="value">The value.</param>
    /// <inheritdoc cref="WriteRelaxed32(int, uint)"/>
    public void WriteRelaxed(Register<ushort> register, ushort value)
    {
        Shim.Write16Relaxed(Address(register.Offset, sizeof(ushort), register.Name), value);
        GC.KeepAlive(this);
    }

    /// <summary>Writes a register of 32 bits, in order with this device's other registers and with nothing else.</summary>
    /// <param name="register">The register.</param>
    /// <param name="value">The value.</param>
    /// <inheritdoc cref="WriteRelaxed32(int, uint)"/>
    public void WriteRelaxed(Register<uint> register, uint value)
    {
        Shim.Write32Relaxed(Address(register.Offset, sizeof(uint), register.Name), value);
        GC.KeepAlive(this);
    }

    /// <summary>Writes a register of 64 bits, in order with this device's other registers and with nothing else.</summary>
    /// <param name="register">The register.</param>
    /// <param name="value">The value.</param>
    /// <inheritdoc cref="WriteRelaxed32(int, uint)"/>
    public void WriteRelaxed(Register<ulong> register, ulong value)
    {
        Shim.Write64Relaxed(Address(register.Offset, sizeof(ulong), register.Name), value);
        GC.KeepAlive(this);
    }

    /// <summary>Reads a register of 8 bits until some of its bits have a value, or the time is over.</summary>
    /// <inheritdoc cref="WaitFor(Register{uint}, uint, uint, TimeSpan)"/>
    public bool WaitFor(Register<byte> register, byte mask, byte value, TimeSpan timeout) =>
        WaitFor(register.Offset, sizeof(byte), register.Name, mask, value, timeout);

    /// <summary>Reads a register of 16 bits until some of its bits have a value, or the time is over.</summary>
    /// <inheritdoc cref="WaitFor(Register{uint}, uint, uint, TimeSpan)"/>
    public bool WaitFor(Register<ushort> register, ushort mask, ushort value, TimeSpan timeout) =>
        WaitFor(register.Offset, sizeof(ushort), register.Name, mask, value, timeout);

    /// <summary>Reads a register of 32 bits until some of its bits have a value, or the time is over.</summary>
    /// <param name="register">The register. It is read any number of times, once at least: reading must do no harm.</param>
    /// <param name="mask">Which of its bits count.</param>
    /// <param name="value">What they are to be; no other bits.</param>
    /// <param name="timeout">How long to wait; zero looks once, <see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
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
    public bool WaitFor(Register<uint> register, uint mask, uint value, TimeSpan timeout) =>
        WaitFor(register.Offset, sizeof(uint), register.Name, mask, value, timeout);

    /// <summary>Reads a register of 64 bits until some of its bits have a value, or the time is over.</summary>
    /// <inheritdoc cref="WaitFor(Register{uint}, uint, uint, TimeSpan)"/>
    public bool WaitFor(Register<ulong> register, ulong mask, ulong value, TimeSpan timeout) =>
        WaitFor(register.Offset, sizeof(ulong), register.Name, mask, value, timeout);

    /// <summary>Reads 8 bits.</summary>
    /// <inheritdoc cref="Read32(int)"/>
    public byte Read8(int offset) => Read(new Register<byte>(offset, Unnamed));

    /// <summary>Reads 16 bits.</summary>
    /// <inheritdoc cref="Read32(int)"/>
    public ushort Read16(int offset) => Read(new Register<ushort>(offset, Unnamed));

    /// <summary>Reads 32 bits.</summary>
    /// <param name="offset">Offset from the start of the map in bytes, a multiple of the width.</param>
    /// <returns>The value; all ones when no device answers, on most machines.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The register is not inside of the map.</exception>
    /// <exception cref="ArgumentException">The offset is not a multiple of the width.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public uint Read32(int offset) => Read(new Register<uint>(offset, Unnamed));

    /// <summary>Reads 64 bits.</summary>
    /// <inheritdoc cref="Read32(int)"/>
    public ulong Read64(int offset) => Read(new Register<ulong>(offset, Unnamed));

    /// <summary>Writes 8 bits.</summary>
    /// <inheritdoc cref="Write32(int, uint)"/>
    public void Write8(int offset, byte value) => Write(new Register<byte>(offset, Unnamed), value);

    /// <summary>Writes 16 bits.</summary>
    /// <inheritdoc cref="Write32(int, uint)"/>
    public void Write16(int offset, ushort value) => Write(new Register<ushort>(offset, Unnamed), value);

    /// <summary>Writes 32 bits. The write may still be on its way on return; reading from the device waits for it.</summary>
    /// <param name="offset">Offset from the start of the map in bytes, a multiple of the width.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentOutOfRangeException">The register is not inside of the map.</exception>
    /// <exception cref="ArgumentException">The offset is not a multiple of the width.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public void Write32(int offset, uint value) => Write(new Register<uint>(offset, Unnamed), value);

    /// <summary>Writes 64 bits.</summary>
    /// <inheritdoc cref="Write32(int, uint)"/>
    public void Write64(int offset, ulong value) => Write(new Register<ulong>(offset, Unnamed), value);

    /// <summary>Writes 8 bits, in order with this device's other registers and with nothing else.</summary>
    /// <inheritdoc cref="WriteRelaxed32(int, uint)"/>
    public void WriteRelaxed8(int offset, byte value) => WriteRelaxed(new Register<byte>(offset, Unnamed), value);

    /// <summary>Writes 16 bits, in order with this device's other registers and with nothing else.</summary>
    /// <inheritdoc cref="WriteRelaxed32(int, uint)"/>
    public void WriteRelaxed16(int offset, ushort value) => WriteRelaxed(new Register<ushort>(offset, Unnamed), value);

    /// <summary>Writes 32 bits, in order with this device's other registers and with nothing else.</summary>
    /// <remarks>
    /// Memory written before may reach the device after this. It is for all registers of a command except the one that
    /// starts it.
    /// </remarks>
    /// <inheritdoc cref="Write32(int, uint)"/>
    public void WriteRelaxed32(int offset, uint value) => WriteRelaxed(new Register<uint>(offset, Unnamed), value);

    /// <summary>Writes 64 bits, in order with this device's other registers and with nothing else.</summary>
    /// <inheritdoc cref="WriteRelaxed32(int, uint)"/>
    public void WriteRelaxed64(int offset, ulong value) => WriteRelaxed(new Register<ulong>(offset, Unnamed), value);

    private const string Unnamed = "register";

    private string DebuggerDisplay => $"{Info}{(_disposed ? ", disposed" : "")}";

    /// <summary>Refuses accesses from now on. One that is past its check hits plain memory.</summary>
    internal void Retire()
    {
        _disposed = true;
        _map.Retire();
    }

    /// <summary>One operation of a program, as the kernel does it. False when a poll's time is over.</summary>
    internal bool TryRun(in QuiesceArguments operation)
    {
        int offset = checked((int)((long)operation.Register - Info.Offset));
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
                return WaitFor(offset, width, Unnamed, operation.Mask, operation.Value, TimeSpan.FromMicroseconds(operation.TimeoutMicroseconds), differ);
        }
    }

    private bool WaitFor(int offset, int width, string name, ulong mask, ulong value, TimeSpan timeout, bool differ = false)
    {
        if ((value & ~mask) != 0)
            throw new ArgumentException($"0x{value:x} has bits outside of the mask 0x{mask:x}: {name} at 0x{offset:x} could never match it.", nameof(value));

        var deadline = new Deadline(timeout);
        SpinWait between = default;
        while (true)
        {
            // Before the read, so that a read follows the end of the time.
            bool over = deadline.IsOver;
            ulong now = Read(offset, width, name);

            // What Dispose puts in the registers' place reads as zero, and that may be the value waited for.
            if (_disposed)
                ThrowDisposed();
            if ((now & mask) == value != differ)
                return true;
            if (over)
                return false;

            // Nothing tells of a register's change, so there is nothing to wait on. This spins, then yields, then sleeps
            // for a millisecond at a time, which also is how soon a Dispose is noticed.
            between.SpinOnce();
        }
    }

    /// <summary>
    /// Writes where the device reaches a transfer's part of a buffer into a register of 64 bits, after earlier writes to
    /// memory. The kernel does it where it can (<see cref="UioFeatures.WritesAddresses"/>), so that the program needs to
    /// know no address.
    /// </summary>
    /// <param name="register">The register.</param>
    /// <param name="lease">The transfer.</param>
    /// <param name="offset">Which byte of its part, and all behind it, the device is to reach from there.</param>
    /// <exception cref="UioException">
    /// E2BIG: the part is not contiguous for the device. EOPNOTSUPP: the map is not one of registers. EINVAL: the register
    /// is beyond the device's resource. ENODEV: the device is gone. ENOENT: the mapping was ended behind the library's back.
    /// ENOTTY: the kernel neither tells addresses nor writes them.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">The register is not in this map, or the byte not in the part.</exception>
    /// <exception cref="ArgumentException">The lease is one of another device.</exception>
    /// <exception cref="InvalidOperationException">The part is not contiguous for the device, or the lease is none.</exception>
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
    /// <param name="offset">Which byte of its part, and all behind it, the device is to reach from there.</param>
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

    /// <summary>Where the kernel finds a register: what mmap() of the map begins with may lie before the registers.</summary>
    internal ulong OffsetInMap(int offset, int width, string name)
    {
        _ = Address(offset, width, name);
        return (ulong)(Info.Offset + offset);
    }

    private bool TryHaveWritten(uint format, ulong register, ulong highRegister, bool highFirst, TransferLease lease, long offset, out DeviceAddress address)
    {
        Attachment attachment = lease.Attachment;
        if (attachment.Device != _device)
            throw new ArgumentException($"The lease is one of {attachment.Device.Info}, not of {_device.Info}.", nameof(lease));
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, lease.Length);

        address = default;
        if (!_device.Features.WritesAddresses)
        {
            address = attachment.AddressOf(lease.Offset + offset, lease.Length - offset);

            // As the kernel does: the device counts on from there, and its last byte has 32 bits as well.
            if (format == WriteAddressArguments.Format32 && (address + (lease.Length - offset - 1)).Value > uint.MaxValue)
                throw UioException.From(Calls.WriteAddress, _device.Info.DevicePath, -Errno.ERANGE);
            return false;
        }

        _device.WriteAddress(new WriteAddressArguments
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

    private ulong Read(int offset, int width, string name) => width switch
    {
        sizeof(byte) => Read(new Register<byte>(offset, name)),
        sizeof(ushort) => Read(new Register<ushort>(offset, name)),
        sizeof(uint) => Read(new Register<uint>(offset, name)),
        _ => Read(new Register<ulong>(offset, name)),
    };

    private void Write(int offset, int width, ulong value)
    {
        switch (width)
        {
            case sizeof(byte):
                Write8(offset, (byte)value);
                break;
            case sizeof(ushort):
                Write16(offset, (ushort)value);
                break;
            case sizeof(uint):
                Write32(offset, (uint)value);
                break;
            default:
                Write64(offset, value);
                break;
        }
    }

    private byte* Address(int offset, int width, string name)
    {
        if (_disposed)
            ThrowDisposed();
        if (offset < 0 || offset > Length - width)
            ThrowOutside(offset, width, name);
        if ((offset & (width - 1)) != 0)
            ThrowUnaligned(offset, width, name);
        return _first + offset;
    }

    [DoesNotReturn]
    private void ThrowDisposed() =>
        throw new ObjectDisposedException(nameof(UioDevice), $"{_device.Info.DevicePath} has been disposed, and its registers with it.");

    [DoesNotReturn]
    private void ThrowOutside(int offset, int width, string name) =>
        throw new ArgumentOutOfRangeException(nameof(offset), offset,
            $"{name} at 0x{offset:x}, {width * 8} bits wide, is not inside of {Info}.");

    [DoesNotReturn]
    private void ThrowUnaligned(int offset, int width, string name) =>
        throw new ArgumentException($"{name} at 0x{offset:x} of {Info} is {width * 8} bits wide: its offset has to be a multiple of {width}.", nameof(offset));
}
