using System.Numerics;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// What stops a device, in a few accesses to its registers, for the kernel to do when the program is not there any more to
/// do it (UIO_IOC_SET_QUIESCE in linux/uio/uio.h). The operations run in the order in which they were added.
/// </summary>
/// <remarks>Not thread-safe. One program can be given to a device any number of times.</remarks>
/// <example>
/// <code>
/// device.SetQuiesceProgram(new QuiesceProgram()
///     .Write(registers, Enable, 0u)
///     .Poll(registers, Status, mask: 1u, value: 0u, TimeSpan.FromMilliseconds(100)));
/// </code>
/// </example>
public sealed class QuiesceProgram
{
    private readonly List<QuiesceArguments> _operations = [];

    internal ReadOnlySpan<QuiesceArguments> Operations => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_operations);

    /// <summary>Adds a write of a register.</summary>
    /// <param name="registers">The map that the register is in.</param>
    /// <param name="register">The register.</param>
    /// <param name="value">What to write.</param>
    public QuiesceProgram Write<T>(Registers registers, Register<T> register, T value) where T : unmanaged, IUnsignedNumber<T> =>
        Add(QuiesceArguments.KindWrite, registers, register, default, value, TimeSpan.Zero);

    /// <summary>Adds a change of some bits of a register: it is read, changed and written.</summary>
    /// <param name="registers">The map that the register is in.</param>
    /// <param name="register">The register.</param>
    /// <param name="mask">Which bits.</param>
    /// <param name="value">What they become; zero outside of the mask.</param>
    public QuiesceProgram Modify<T>(Registers registers, Register<T> register, T mask, T value) where T : unmanaged, IUnsignedNumber<T> =>
        Add(QuiesceArguments.KindModify, registers, register, mask, value, TimeSpan.Zero);

    /// <summary>
    /// Adds a wait until some bits of a register have a value. When they do not get it in time, the device counts as running,
    /// and keeps its buffers until a later attempt succeeds.
    /// </summary>
    /// <param name="registers">The map that the register is in.</param>
    /// <param name="register">The register.</param>
    /// <param name="mask">Which bits.</param>
    /// <param name="value">What they have to be.</param>
    /// <param name="timeout">For how long, to the microsecond; <see cref="UioFeatures.MaxQuiesceTime"/> is for all polls together.</param>
    public QuiesceProgram Poll<T>(Registers registers, Register<T> register, T mask, T value, TimeSpan timeout) where T : unmanaged, IUnsignedNumber<T> =>
        Add(QuiesceArguments.KindPoll, registers, register, mask, value, timeout);

    /// <summary>Adds a wait as long as some bits of a register have a value, for fields of which several values mean quiet.</summary>
    /// <inheritdoc cref="Poll"/>
    /// <param name="registers">The map that the register is in.</param>
    /// <param name="register">The register.</param>
    /// <param name="mask">Which bits.</param>
    /// <param name="value">What they have while the device runs.</param>
    /// <param name="timeout">For how long, to the microsecond; <see cref="UioFeatures.MaxQuiesceTime"/> is for all polls together.</param>
    public QuiesceProgram PollWhile<T>(Registers registers, Register<T> register, T mask, T value, TimeSpan timeout) where T : unmanaged, IUnsignedNumber<T> =>
        Add(QuiesceArguments.KindPoll, registers, register, mask, value, timeout, QuiesceArguments.FlagDiffer);

    private unsafe QuiesceProgram Add<T>(uint kind, Registers registers, Register<T> register, T mask, T value, TimeSpan timeout, uint flags = 0) where T : unmanaged, IUnsignedNumber<T>
    {
        ArgumentNullException.ThrowIfNull(registers);
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        _operations.Add(new QuiesceArguments
        {
            Kind = kind,
            Flags = flags,
            Map = (uint)registers.Info.Index,
            Width = (uint)sizeof(T) * 8,
            Register = registers.OffsetInMap(register.Offset, sizeof(T), register.Name),
            Mask = ulong.CreateTruncating(mask),
            Value = ulong.CreateTruncating(value),
            TimeoutMicroseconds = uint.CreateSaturating(timeout.TotalMicroseconds),
        });
        return this;
    }
}
