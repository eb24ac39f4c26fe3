using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>What tests/kernel/odd-devices adds to the kernel.</summary>
internal static unsafe class OddDevices
{
    private const string Exporter = "/dev/uio-test-exporter";
    private const string Hold = "/sys/class/misc/uio-test-exporter/hold";

    /// <summary>The parent of both siblings.</summary>
    public static SysDevice Siblings { get; } = new("platform", "uio-test.0");

    /// <summary>The file of a UIO device by its name.</summary>
    public static string PathOf(string name) => UioDevice.List().Single(device => device.Name == name).DevicePath;

    /// <summary>Unregisters one of the siblings, from 1 on.</summary>
    public static void Unregister(int sibling) => File.WriteAllText($"{Siblings.Folder}/unregister", $"{sibling - 1}");

    /// <summary>Has both siblings registered anew.</summary>
    public static void Rebind()
    {
        File.WriteAllText("/sys/bus/platform/drivers/uio-test/unbind", Siblings.Name);
        File.WriteAllText("/sys/bus/platform/drivers/uio-test/bind", Siblings.Name);
    }

    public static ulong AttributeOfSiblings(string name) => ulong.Parse(File.ReadAllText($"{Siblings.Folder}/{name}"), null);

    /// <summary>A buffer of one page: one that stays where it is, or one that its exporter can move.</summary>
    public static SafeFileHandle Export(bool canMove = false)
    {
        using var exporter = RawFile.Open(Exporter, LibC.O_RDWR);
        var fd = LibC.ioctl(RawFile.Number(exporter), canMove ? 1 : 0);
        Assert.That(fd, Is.Not.Negative);
        return new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>What has happened to such buffers, a letter each: attach, pin, map, uNmap, unpin, detach, release.</summary>
    public static string History()
    {
        using var exporter = RawFile.Open(Exporter, LibC.O_RDWR);
        Span<byte> text = stackalloc byte[4096];
        fixed (byte* start = text)
            return System.Text.Encoding.ASCII.GetString(text[..(int)LibC.read(RawFile.Number(exporter), start, text.Length)]);
    }

    /// <summary>Mapping such a buffer waits until the result is disposed, for 15 seconds at most.</summary>
    public static IDisposable HoldMapping() => new Held();

    /// <summary>Whether a mapping waits.</summary>
    public static bool IsHeld => File.ReadAllText(Hold).Trim() == "1";

    private sealed class Held : IDisposable
    {
        public Held() => File.WriteAllText(Hold, "1");

        public void Dispose() => File.WriteAllText(Hold, "0");
    }
}
