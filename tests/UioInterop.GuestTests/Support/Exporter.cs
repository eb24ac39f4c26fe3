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

    /// <summary>Sets a fence on the buffer, as the graphics driver does while it writes. It expires after 10 s.</summary>
    public uint SetFence()
    {
        Assert.That(DrmSetFence(_device, Buffer.FileNumber, out var fence), Is.Zero);
        return fence;
    }

    /// <summary>Signals it. False when it had expired: what was seen meanwhile proves nothing.</summary>
    public bool TrySignal(uint fence)
    {
        var result = DrmSignalFence(_device, fence);
        Assert.That(result, Is.Zero.Or.EqualTo(-LibC.ETIMEDOUT));
        return result == 0;
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

    [LibraryImport("guesttests", EntryPoint = "drm_set_fence")]
    private static partial int DrmSetFence(SafeFileHandle card, int dmabuf, out uint fence);

    [LibraryImport("guesttests", EntryPoint = "drm_signal_fence")]
    private static partial int DrmSignalFence(SafeFileHandle card, uint fence);

    [LibraryImport("guesttests", EntryPoint = "v4l2_export")]
    private static partial int V4L2Export(SafeFileHandle video, out int dmabuf, out uint length, out ulong offset);

    [LibraryImport("guesttests", EntryPoint = "v4l2_capture")]
    private static partial int V4L2Capture(SafeFileHandle video);
}
