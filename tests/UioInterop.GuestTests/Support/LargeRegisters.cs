using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>
/// 1 GiB of registers, the memory of QEMU's shared memory device: through UIO, and as sysfs has it, whose mmap() is what UIO's was
/// before it filled maps at the first touch.
/// </summary>
internal static unsafe class LargeRegisters
{
    public const int Length = 1 << 30;

    private const string Parent = "/sys/bus/platform/devices/uio-test.1";

    /// <summary>Whose memory they are.</summary>
    public static SysDevice Device { get; } = new("pci", "0000:00:03.0");

    public static string DevicePath => OddDevices.PathOf("late");

    /// <summary>Unregisters the UIO device, and registers another one.</summary>
    public static void Renew() => File.WriteAllText($"{Parent}/unregister", "0");

    /// <summary>The first registers through UIO.</summary>
    public static uint* Map(SafeFileHandle uio, int length)
    {
        var registers = LibC.mmap(null, length, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, RawFile.Number(uio), 0);
        Assert.That((nint)registers, Is.Not.EqualTo((nint)LibC.MAP_FAILED));
        return (uint*)registers;
    }

    /// <summary>The same through sysfs.</summary>
    public static uint* MapOfSysfs(int length)
    {
        using var file = RawFile.Open($"{Device.Folder}/resource2", LibC.O_RDWR);
        return Map(file, length);
    }

    public static void Unmap(uint* registers, int length) => LibC.munmap(registers, length);
}
