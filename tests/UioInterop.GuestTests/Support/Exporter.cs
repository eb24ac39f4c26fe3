using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>Memory of a driver that is none of ours, and its own view of it beside the dma-buf.</summary>
internal sealed partial class Exporter : IDisposable
{
    private readonly SafeFileHandle _device;
    private readonly ulong _offset;

    private Exporter(SafeFileHandle device, int descriptor, ulong offset)
    {
        _device = device;
        _offset = offset;
        Buffer = DmaBuf.FromHandle(new SafeFileHandle(descriptor, ownsHandle: true));
    }

    public DmaBuf Buffer { get; }

    /// <summary>A buffer of vgem, the kernel's graphics driver without hardware.</summary>
    public static Exporter Graphics(int length)
    {
        var card = RawFile.Open("/dev/dri/card0", LibC.O_RDWR);
        Assert.That(DrmExport(card, (uint)length, out var descriptor, out var offset), Is.Zero);
        return new Exporter(card, descriptor, offset);
    }

    /// <summary>A buffer of vivid, the kernel's camera without hardware.</summary>
    public static Exporter Camera()
    {
        var video = RawFile.Open("/dev/video0", LibC.O_RDWR);
        Assert.That(V4L2Export(video, out var descriptor, out _, out var offset), Is.Zero);
        return new Exporter(video, descriptor, offset);
    }

    /// <summary>Has the camera take a picture.</summary>
    public void Capture() => Assert.That(V4L2Capture(_device), Is.Zero);

    /// <summary>What its own driver shows of it.</summary>
    public unsafe byte[] ReadAsOwner(int length)
    {
        var address = LibC.mmap(null, length, LibC.PROT_READ, LibC.MAP_SHARED, RawFile.Number(_device), (long)_offset);
        Assert.That((nint)address, Is.Not.EqualTo((nint)(-1)));
        var bytes = new ReadOnlySpan<byte>(address, length).ToArray();
        LibC.munmap(address, length);
        return bytes;
    }

    public void Dispose()
    {
        Buffer.Dispose();
        _device.Dispose();
    }

    [LibraryImport("guesttests", EntryPoint = "drm_export")]
    private static partial int DrmExport(SafeFileHandle card, uint length, out int dmabuf, out ulong offset);

    [LibraryImport("guesttests", EntryPoint = "v4l2_export")]
    private static partial int V4L2Export(SafeFileHandle video, out int dmabuf, out uint length, out ulong offset);

    [LibraryImport("guesttests", EntryPoint = "v4l2_capture")]
    private static partial int V4L2Capture(SafeFileHandle video);
}
