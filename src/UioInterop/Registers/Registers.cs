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
/// is as new as that read. Caches are not touched: that is what <see cref="CpuAccess"/> is for.</para>
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

    private const string Unnamed = "register";

    private string DebuggerDisplay => $"{Info}{(_disposed ? ", disposed" : "")}";

    /// <summary>Refuses accesses from now on. One that is past its check hits plain memory.</summary>
    internal void Retire()
    {
        _disposed = true;
        _map.Retire();
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
