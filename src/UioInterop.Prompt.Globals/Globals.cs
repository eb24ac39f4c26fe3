using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

namespace UioInterop.Prompt;

/// <summary>
/// What can be called at the prompt by its bare name. A program gets it by <c>using static UioInterop.Prompt.Globals;</c>.
/// </summary>
[SuppressMessage("Naming", "CA1708", Justification = "At a prompt, what is looked at is in lower case, and what is called in upper.")]
public static class Globals
{
    private static readonly List<UioDevice> s_opened = [];

    /// <summary>The UIO devices that there are, opened or not.</summary>
    public static IReadOnlyList<UioDeviceInfo> devices => UioDevice.List();

    /// <summary>The heaps that memory comes from.</summary>
    public static IReadOnlyList<DmaHeap> heaps => DmaHeap.List();

    /// <summary>What Ctrl-C cancels: give it to what waits.</summary>
    public static CancellationToken token => Session.Token;

    /// <summary>What there is to type.</summary>
    public static Text help => new("""
        devices                      the UIO devices; heaps: where memory comes from
        var d = Open("zdma0")        a device by its name, number, path, parent or compatible; it stays open
        d.Registers[0x40]            a register; Peek(d, 0x40), Poke(d, 0x40, 1)
        d.Allocate<uint>(1024, DmaDirection.ToDevice)      memory that it reaches
        Hex(x)                       the bytes of a buffer or an array
        Watch(() => Peek(d, 0x40))   a value, whenever it changes, until Ctrl-C
        Plot(samples)                numbers as a picture
        token                        what Ctrl-C cancels
        exit                         or Ctrl-D; also: save app.cs, restart, #load "x.csx", #r "x.dll"
        """);

    /// <summary>Opens a device. One that this has opened is returned again while it is open.</summary>
    /// <param name="device">Its name, number, path, parent or compatible string.</param>
    /// <inheritdoc cref="UioDevice.Open"/>
    public static UioDevice Open(UioDeviceId device)
    {
        lock (s_opened)
        {
            s_opened.RemoveAll(one => one.IsDisposed);
            if (UioDeviceLookup.TryFind(device) is { } info && s_opened.Find(one => one.Info.Number == info.Number) is { } known)
                return known;

            UioDevice opened = UioDevice.Open(device);
            s_opened.Add(opened);
            return opened;
        }
    }

    /// <summary>Reads a register of 32 bits of a device's first map.</summary>
    /// <param name="device">The device.</param>
    /// <param name="offset">Where it is, in bytes; a multiple of 4.</param>
    public static uint Peek(UioDevice device, int offset)
    {
        ArgumentNullException.ThrowIfNull(device);
        return Peek(device.Registers, offset);
    }

    /// <summary>Reads a register of 32 bits.</summary>
    /// <param name="registers">The registers.</param>
    /// <param name="offset">Where it is, in bytes; a multiple of 4.</param>
    public static uint Peek(Registers registers, int offset)
    {
        ArgumentNullException.ThrowIfNull(registers);
        return registers.Read32(offset);
    }

    /// <summary>Writes a register of 32 bits of a device's first map.</summary>
    /// <param name="device">The device.</param>
    /// <param name="offset">Where it is, in bytes; a multiple of 4.</param>
    /// <param name="value">What is written.</param>
    public static void Poke(UioDevice device, int offset, uint value)
    {
        ArgumentNullException.ThrowIfNull(device);
        Poke(device.Registers, offset, value);
    }

    /// <summary>Writes a register of 32 bits.</summary>
    /// <param name="registers">The registers.</param>
    /// <param name="offset">Where it is, in bytes; a multiple of 4.</param>
    /// <param name="value">What is written.</param>
    public static void Poke(Registers registers, int offset, uint value)
    {
        ArgumentNullException.ThrowIfNull(registers);
        registers.Write32(offset, value);
    }

    /// <summary>The bytes of an array, 16 a line.</summary>
    /// <param name="values">The array, or what becomes one.</param>
    public static Text Hex<T>(params ReadOnlySpan<T> values) where T : unmanaged =>
        new(Views.HexDump.Of(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values), 0));

    /// <summary>The bytes of a buffer, 16 a line.</summary>
    /// <param name="buffer">The buffer. The CPU reads it: no transfer may be under way there.</param>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many bytes, as far as there are some.</param>
    /// <inheritdoc cref="DmaBuf.BeginAccess"/>
    public static Text Hex(DmaBuf buffer, long offset = 0, int length = 256)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        using CpuAccess access = buffer.BeginAccess(CpuAccessMode.Read, offset, (int)Math.Min(length, buffer.Length - offset));
        return new Text(Views.HexDump.Of(access.Span, offset));
    }

    /// <summary>The bytes of a device's buffer, 16 a line.</summary>
    /// <inheritdoc cref="Hex(DmaBuf, long, int)"/>
    public static Text Hex<T>(DeviceBuffer<T> buffer, long offset = 0, int length = 256) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(buffer);
        return Hex(buffer.Buffer, offset, length);
    }

    /// <summary>Prints a value whenever it changes, until Ctrl-C.</summary>
    /// <param name="value">Reads it.</param>
    /// <param name="milliseconds">How long until it is read again, 1 at least.</param>
    public static void Watch<T>(Func<T> value, int milliseconds = 100)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentOutOfRangeException.ThrowIfLessThan(milliseconds, 1);
        string? last = null;
        do
        {
            string now = Views.View.Of(value(), Session.Width);
            if (now != last)
                Console.WriteLine(now);
            last = now;
        }
        while (!token.WaitHandle.WaitOne(milliseconds));
        token.ThrowIfCancellationRequested();
    }

    /// <summary>Numbers as a line in the terminal, from left to right.</summary>
    /// <param name="values">The numbers.</param>
    /// <param name="height">How many lines high.</param>
    public static Text Plot<T>(IEnumerable<T> values, int height = 8) where T : INumber<T>
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        double[] numbers = [.. values.Select(value => double.CreateSaturating(value))];
        return new Text(Views.LinePlot.Of(numbers, Session.Width, height));
    }

    /// <summary>The numbers in a device's buffer as a line in the terminal.</summary>
    /// <inheritdoc cref="Plot{T}(IEnumerable{T}, int)"/>
    public static Text Plot<T>(DeviceBuffer<T> values, int height = 8) where T : unmanaged, INumber<T>
    {
        ArgumentNullException.ThrowIfNull(values);
        return Plot(values.ToArray(), height);
    }
}
