using System.Runtime.InteropServices;

namespace UioInterop.Interop;

/// <summary>The numbers of two system calls, as in asm/unistd.h.</summary>
internal static class SyscallNumbers
{
    private const int None = -1; // syscall() says ENOSYS

    /// <summary>With a timespec of two longs, as Tmds.LibC has it.</summary>
    public static int Ppoll(Architecture architecture) => architecture switch
    {
        Architecture.X64 => 271,
        Architecture.Arm => 336,
        Architecture.Arm64 or Architecture.RiscV64 or Architecture.LoongArch64 => 73,
        _ => None,
    };

    public static int Flock(Architecture architecture) => architecture switch
    {
        Architecture.X64 => 73,
        Architecture.Arm => 143,
        Architecture.Arm64 or Architecture.RiscV64 or Architecture.LoongArch64 => 32,
        _ => None,
    };
}
