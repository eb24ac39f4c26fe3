using System.Numerics;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// A few register accesses that stop a device. The kernel makes them when the program is gone (UIO_IOC_SET_QUIESCE in
/// linux/uio/uio.h). The operations run in the order in which they were added.
/// </summary>
/// <remarks>
/// <para>It usually ends with a poll: writes to a PCI device are posted, and a write that has not arrived has not stopped the device.
/// The kernel considers the device quiet once all polls have succeeded.</para>
/// <para>The accesses are the kernel's. Never name a register that may have no clock or power then: the program would get SIGBUS, but
/// the kernel's access takes the whole machine down.</para>
/// <para><see cref="UioDevice.Quiesce"/> runs in the program, can do whatever it takes, and leaves the device ready for the
/// next transfer. A quiesce program runs when the program is gone, and only has to stop the device. Where that is enough in
/// both cases, <see cref="Run"/> can be the <see cref="UioDevice.Quiesce"/>.</para>
/// <para>A program is for the device whose registers it names, and can be set on that device any number of times. Not
/// thread-safe.</para>
/// </remarks>
/// <example>
/// <code>
/// var stop = new QuiesceProgram().Write(registers, Enable, 0u).Poll(registers, Status, 1u, 0u, TimeSpan.FromMilliseconds(100));
/// device.Quiesce = stop.Run;          // for as long as the program lives, on any kernel
/// if (device.Features.RunsQuiescePrograms)
///     device.SetQuiesceProgram(stop); // and afterwards
/// </code>
/// </example>
public sealed class QuiesceProgram
{
    private readonly List<QuiesceArguments> _operations = [];
    private readonly Registers? _registers;

    /// <summary>Makes an empty program.</summary>
    public QuiesceProgram() { }

    /// <summary>Makes an empty program, for operations on one map.</summary>
    /// <param name="registers">The map that the registers are in.</param>
    public QuiesceProgram(Registers registers)
    {
        ArgumentNullException.ThrowIfNull(registers);
        _registers = registers;
    }

    /// <summary>The device of its registers; null when it is empty.</summary>
    internal UioDevice? Device { get; private set; }

    internal ReadOnlySpan<QuiesceArguments> Operations => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_operations);

    /// <summary>Adds a write of a register.</summary>
    /// <param name="registers">The map that the register is in.</param>
    /// <param name="register">The register.</param>
    /// <param name="value">What to write.</param>
    /// <exception cref="ArgumentOutOfRangeException">The register is not inside of the map.</exception>
    /// <exception cref="ArgumentException">
    /// The registers belong to another device than earlier ones; or the offset is not a multiple of the width.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public QuiesceProgram Write<T>(Registers registers, Register<T> register, T value) where T : unmanaged, IUnsignedNumber<T> =>
        Add(QuiesceArguments.KindWrite, registers, register, default, value, TimeSpan.Zero);

    /// <summary>Adds a change of some bits of a register: it is read, changed and written.</summary>
    /// <param name="registers">The map that the register is in.</param>
    /// <param name="register">The register.</param>
    /// <param name="mask">Which bits.</param>
    /// <param name="value">What they become; no other bits.</param>
    /// <exception cref="ArgumentOutOfRangeException">The register is not inside of the map.</exception>
    /// <exception cref="ArgumentException">
    /// The value has bits outside of the mask; the registers belong to another device than earlier ones; or the offset is not a multiple of
    /// the width.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public QuiesceProgram Modify<T>(Registers registers, Register<T> register, T mask, T value) where T : unmanaged, IUnsignedNumber<T> =>
        Add(QuiesceArguments.KindModify, registers, register, mask, value, TimeSpan.Zero);

    /// <summary>
    /// Adds a wait until some bits of a register have a value. When they do not get it in time, the device counts as running,
    /// and keeps its buffers until a later attempt succeeds.
    /// </summary>
    /// <param name="registers">The map that the register is in.</param>
    /// <param name="register">The register.</param>
    /// <param name="mask">Which bits.</param>
    /// <param name="value">What they have to be; no other bits.</param>
    /// <param name="timeout">For how long, to the microsecond; <see cref="UioFeatures.MaxQuiesceTime"/> is for all polls together.</param>
    /// <exception cref="ArgumentOutOfRangeException">The register is not inside of the map, or the timeout is negative.</exception>
    /// <exception cref="ArgumentException">
    /// The value has bits outside of the mask; the registers belong to another device than earlier ones; or the offset is not a multiple of
    /// the width.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public QuiesceProgram Poll<T>(Registers registers, Register<T> register, T mask, T value, TimeSpan timeout)
        where T : unmanaged, IUnsignedNumber<T> =>
        Add(QuiesceArguments.KindPoll, registers, register, mask, value, timeout);

    /// <summary>Adds a wait while some bits of a register have a value, for fields where several values mean quiet.</summary>
    /// <inheritdoc cref="Poll{T}(Registers, Register{T}, T, T, TimeSpan)"/>
    /// <param name="registers">The map that the register is in.</param>
    /// <param name="register">The register.</param>
    /// <param name="mask">Which bits.</param>
    /// <param name="value">What they have while the device runs; no other bits.</param>
    /// <param name="timeout">For how long, to the microsecond; <see cref="UioFeatures.MaxQuiesceTime"/> is for all polls together.</param>
    public QuiesceProgram PollWhile<T>(Registers registers, Register<T> register, T mask, T value, TimeSpan timeout)
        where T : unmanaged, IUnsignedNumber<T> =>
        Add(QuiesceArguments.KindPoll, registers, register, mask, value, timeout, QuiesceArguments.FlagDiffer);

    /// <summary>Adds a write of a register of the program's own map.</summary>
    /// <exception cref="InvalidOperationException">The program was made without a map.</exception>
    /// <inheritdoc cref="Write{T}(Registers, Register{T}, T)"/>
    public QuiesceProgram Write<T>(Register<T> register, T value) where T : unmanaged, IUnsignedNumber<T> =>
        Write(OwnRegisters, register, value);

    /// <summary>Adds a change of some bits of a register of the program's own map.</summary>
    /// <exception cref="InvalidOperationException">The program was made without a map.</exception>
    /// <inheritdoc cref="Modify{T}(Registers, Register{T}, T, T)"/>
    public QuiesceProgram Modify<T>(Register<T> register, T mask, T value) where T : unmanaged, IUnsignedNumber<T> =>
        Modify(OwnRegisters, register, mask, value);

    /// <summary>Adds a wait until some bits of a register of the program's own map have a value.</summary>
    /// <exception cref="InvalidOperationException">The program was made without a map.</exception>
    /// <inheritdoc cref="Poll{T}(Registers, Register{T}, T, T, TimeSpan)"/>
    public QuiesceProgram Poll<T>(Register<T> register, T mask, T value, TimeSpan timeout) where T : unmanaged, IUnsignedNumber<T> =>
        Poll(OwnRegisters, register, mask, value, timeout);

    /// <summary>Adds a wait while some bits of a register of the program's own map have a value.</summary>
    /// <exception cref="InvalidOperationException">The program was made without a map.</exception>
    /// <inheritdoc cref="PollWhile{T}(Registers, Register{T}, T, T, TimeSpan)"/>
    public QuiesceProgram PollWhile<T>(Register<T> register, T mask, T value, TimeSpan timeout) where T : unmanaged, IUnsignedNumber<T> =>
        PollWhile(OwnRegisters, register, mask, value, timeout);

    /// <summary>The program in words: <c>3 operations for /dev/uio0</c>.</summary>
    public override string ToString() => Device is null ? "no operations" : $"{_operations.Count} operations for {Device.Info.DevicePath}";

    /// <summary>Runs it here and now, in this program and without the kernel. Nothing is allocated.</summary>
    /// <exception cref="TimeoutException">A poll's time was over: the device counts as running.</exception>
    /// <exception cref="ObjectDisposedException">The device has been disposed.</exception>
    public void Run()
    {
        foreach (ref readonly QuiesceArguments operation in Operations)
        {
            Registers registers = Device!.GetRegisters((int)operation.Map);
            if (!registers.TryRun(operation))
            {
                throw new TimeoutException(
                    $"{Device.Info} is not at rest: the bits 0x{operation.Mask:x} of the register at 0x{operation.Register:x} of map "
                        + $"{operation.Map} {((operation.Flags & QuiesceArguments.FlagDiffer) != 0 ? "are" : "are not")} "
                        + $"0x{operation.Value:x} after {operation.TimeoutMicroseconds} µs.");
            }
        }
    }

    /// <summary>Adds the operations of another program for the same device.</summary>
    internal void Append(QuiesceProgram other)
    {
        Device ??= other.Device;
        _operations.AddRange(other._operations);
    }

    private Registers OwnRegisters => _registers
        ?? throw new InvalidOperationException("The program was made without a map: give the registers, or make it with "
            + "new QuiesceProgram(registers).");

    private unsafe QuiesceProgram Add<T>(uint kind, Registers registers, Register<T> register, T mask, T value, TimeSpan timeout,
        uint flags = 0) where T : unmanaged, IUnsignedNumber<T>
    {
        ArgumentNullException.ThrowIfNull(registers);
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        var device = (UioDevice)registers.Owner;
        if (Device is not null && Device != device)
            throw new ArgumentException($"The registers are those of {device.Info}, and the program is for {Device.Info}.",
                nameof(registers));

        // A value that the field can never have shows neither a device at rest nor one that runs.
        ulong bits = ulong.CreateTruncating(mask), state = ulong.CreateTruncating(value);
        if (kind != QuiesceArguments.KindWrite && (state & ~bits) != 0)
            throw new ArgumentException($"0x{state:x} has bits outside of the mask 0x{bits:x}: {register.Name} could never match it.",
                nameof(value));

        ulong offset = registers.OffsetInMap(register.Offset, sizeof(T), register.Name);
        Device = device;
        _operations.Add(new QuiesceArguments
        {
            Kind = kind,
            Flags = flags,
            Map = (uint)registers.Info.Index,
            Width = (uint)sizeof(T) * 8,
            Register = offset,
            Mask = bits,
            Value = state,
            TimeoutMicroseconds = uint.CreateSaturating(timeout.TotalMicroseconds),
        });
        return this;
    }
}
