using System.ComponentModel;
using Tmds.Linux;

namespace UioInterop.RegisterProbe;

/// <summary>A PCI device of the machine: its registers through the library, and as bare memory for comparison.</summary>
internal sealed unsafe class ProbedDevice : IDisposable
{
    private const string Driver = "uio_pci_generic";

    private readonly UioDevice _device;

    private ProbedDevice(UioDevice device)
    {
        _device = device;
        Registers = device.Registers;
        Memory = MapBare(device.Info.DevicePath, Registers.Info);
    }

    public Registers Registers { get; }

    /// <summary>The same registers, mapped once more. The map lasts as long as the process.</summary>
    public nint Memory { get; }

    /// <summary>Opens the only one of its kind.</summary>
    public static ProbedDevice Open(ushort vendorId, ushort deviceId)
    {
        string address = PciFunction.Find(vendorId, deviceId).Single();
        DriverBinding.Bind(address, Driver).Keep();
        // A FileStream, as below, takes a shared lock of the node.
        return new ProbedDevice(UioDevice.Open(UioDeviceId.FromParent(address), new UioOpenOptions { IsExclusive = false }));
    }

    public void Dispose() => _device.Dispose();

    private static nint MapBare(string path, UioMapInfo info)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        int descriptor = (int)file.SafeFileHandle.DangerousGetHandle();
        void* memory = LibC.mmap(null, (size_t)(ulong)info.Size, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, descriptor, 0);
        if (memory == LibC.MAP_FAILED)
            throw new Win32Exception(LibC.errno, $"mmap of {path}");
        return (nint)memory + info.Offset;
    }
}
