using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace UioInterop;

/// <summary>Which types registers have, and how their values look in bits.</summary>
internal static class RegisterBits
{
    /// <summary>Refuses a type that no register has. The compiler decides it, and leaves no code for a supported type.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ThrowIfUnsupported<T>() where T : unmanaged
    {
        if (typeof(T) != typeof(byte) && typeof(T) != typeof(sbyte)
            && typeof(T) != typeof(ushort) && typeof(T) != typeof(short)
            && typeof(T) != typeof(uint) && typeof(T) != typeof(int)
            && typeof(T) != typeof(ulong) && typeof(T) != typeof(long)
            && !typeof(T).IsEnum)
            Throw(typeof(T));
    }

    /// <summary>A value's bits. The upper ones are zero, also of a negative value.</summary>
    public static ulong From<T>(T value) where T : unmanaged => Unsafe.SizeOf<T>() switch
    {
        sizeof(byte) => Unsafe.BitCast<T, byte>(value),
        sizeof(ushort) => Unsafe.BitCast<T, ushort>(value),
        sizeof(uint) => Unsafe.BitCast<T, uint>(value),
        _ => Unsafe.BitCast<T, ulong>(value),
    };

    /// <summary>The value that has these bits.</summary>
    public static T To<T>(ulong bits) where T : unmanaged => Unsafe.SizeOf<T>() switch
    {
        sizeof(byte) => Unsafe.BitCast<byte, T>((byte)bits),
        sizeof(ushort) => Unsafe.BitCast<ushort, T>((ushort)bits),
        sizeof(uint) => Unsafe.BitCast<uint, T>((uint)bits),
        _ => Unsafe.BitCast<ulong, T>(bits),
    };

    [DoesNotReturn]
    private static void Throw(Type type) => throw new NotSupportedException(
        $"No register holds a {type}: it takes an integer of 8, 16, 32 or 64 bits, signed or not, or an enumeration of one.");
}
