// A camera's frame goes to a device by DMA, without a copy by the CPU. vivid, the kernel's camera without hardware, stands for yours.
//   ./build.sh run src/Samples/camera.cs --machine x86-64-debian
#:project ../UioInterop.Devices
#:property AllowUnsafeBlocks=true
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using UioInterop;
using UioInterop.Devices;

const int Length = EduDevice.MaxTransfer;        // what the example device holds at once
TimeSpan timeout = TimeSpan.FromSeconds(30);

using var camera = new Camera("/dev/video0");
using DmaBuf frame = camera.Export(0), other = camera.Export(1);     // the driver's own memory, as dma-bufs
camera.Capture();
other.Fill<byte>(0);

using DriverBinding binding = DriverBinding.Bind("0000:00:01.0", "uio_pci_generic");
using EduDevice edu = EduDevice.Open("0000:00:01.0");
using DmaMapping forDevice = edu.Device.Import(frame, DmaDirection.ToDevice);
using DmaMapping back = edu.Device.Import(other, DmaDirection.FromDevice);
edu.CopyToDevice(forDevice, 0, Length, timeout);
edu.CopyFromDevice(back, 0, Length, timeout);

byte[] seen = new byte[Length], was = new byte[Length];
other.Read<byte>(seen);
frame.Read<byte>(was);
Console.WriteLine($"{Length} bytes of the frame went to the device and into the other buffer: {seen.SequenceEqual(was)}");
Console.WriteLine($"it is a picture: {seen.Distinct().Count() > 1}");

/// <summary>As much of V4L2 as this takes: linux/videodev2.h, on 64 bits.</summary>
internal sealed unsafe class Camera : IDisposable
{
    private const uint Capturing = 1, InKernelMemory = 1;    // V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_MEMORY_MMAP
    private readonly SafeFileHandle _file;

    public Camera(string path)
    {
        _file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        Call(0xc0145608, [2, Capturing, InKernelMemory, 0, 0]);                     // VIDIOC_REQBUFS
    }

    public DmaBuf Export(uint index)
    {
        const uint ReadWriteCloseOnExec = 0x80002;
        Span<uint> buffer = [Capturing, index, 0, ReadWriteCloseOnExec, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        Call(0xc0405610, buffer);                                                   // VIDIOC_EXPBUF
        return DmaBuf.FromHandle(new SafeFileHandle((nint)buffer[4], ownsHandle: true));
    }

    /// <summary>Fills the first buffer.</summary>
    public void Capture()
    {
        Span<uint> buffer = stackalloc uint[22];                                    // struct v4l2_buffer
        for (uint index = 0; index < 2; index++)
        {
            buffer.Clear();
            (buffer[0], buffer[1], buffer[15]) = (index, Capturing, InKernelMemory);
            Call(0xc058560f, buffer);                                               // VIDIOC_QBUF
        }

        Call(0x40045612, [Capturing]);                                              // VIDIOC_STREAMON
        do
            Call(0xc0585611, buffer);                                               // VIDIOC_DQBUF
        while (buffer[0] != 0);
        Call(0x40045613, [Capturing]);                                              // VIDIOC_STREAMOFF
    }

    public void Dispose() => _file.Dispose();

    private void Call(nuint request, Span<uint> argument)
    {
        fixed (uint* pointer = argument)
        {
            if (ioctl((int)_file.DangerousGetHandle(), request, pointer) != 0)
                throw new IOException($"ioctl 0x{request:x}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int ioctl(int file, nuint request, uint* argument);
}
