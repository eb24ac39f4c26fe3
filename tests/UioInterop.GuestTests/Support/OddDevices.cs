using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>What tests/kernel/odd-devices adds to the kernel.</summary>
internal static unsafe class OddDevices
{
    private const string Exporter = "/dev/uio-test-exporter";
    private const string Attributes = "/sys/class/misc/uio-test-exporter";
    private const string Hold = $"{Attributes}/hold";
    private const string None = "0";

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

    /// <summary>What has happened to such buffers, a letter each: attach, pin, map, uNmap, unpin, detach, release, moVe.</summary>
    public static string History()
    {
        using var exporter = RawFile.Open(Exporter, LibC.O_RDWR);
        Span<byte> text = stackalloc byte[4096];
        fixed (byte* start = text)
            return System.Text.Encoding.ASCII.GetString(text[..(int)LibC.read(RawFile.Number(exporter), start, text.Length)]);
    }

    /// <summary>Mapping such a buffer waits until the result is disposed, for 15 seconds at most, or until there is a signal.</summary>
    public static IDisposable HoldMapping(bool untilSignal = false) => new Set(Hold, untilSignal ? "2" : "1");

    /// <summary>Whether a mapping waits.</summary>
    public static bool IsHeld => File.ReadAllText(Hold).Trim() != None;

    /// <summary>To pin such a buffer (P), or to map it (M), is ENXIO until the result is disposed.</summary>
    public static IDisposable Refuse(char letter) => new Set($"{Attributes}/refuse", $"{letter}");

    /// <summary>Moves the last buffer that can move; an IOException while it is pinned.</summary>
    public static void Move() => File.WriteAllText($"{Attributes}/move", "1");

    private sealed class Set : IDisposable
    {
        private readonly string _attribute;

        public Set(string attribute, string value)
        {
            _attribute = attribute;
            File.WriteAllText(attribute, value);
        }

        public void Dispose() => File.WriteAllText(_attribute, None);
    }
}
