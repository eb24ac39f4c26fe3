using Tmds.Linux;
using UioInterop.Interop;

namespace UioInterop.GuestTests.Support;

/// <summary>What a call that fails needs around it: made when it is asked for, gone afterwards.</summary>
internal sealed class Scene : IDisposable
{
    private readonly Stack<IDisposable> _kept = new();
    private UioDevice? _device;
    private DmaBuf? _buffer;
    private DmaMapping? _mapping;

    public Scene() => UnderTest.Bind();

    public UioDeviceId Id { get; } = UioDeviceId.FromParent(UnderTest.Name);

    /// <summary>The device under test, with nothing to bring it to rest by, and no patience.</summary>
    public UioDevice Device => _device ??= Keep(UioDevice.Open(Id, new UioOpenOptions { TransferTimeout = TimeSpan.Zero }));

    public DmaBuf Buffer => _buffer ??= Keep(DmaHeap.Cma.Allocate(4096));

    public DmaMapping Mapping => _mapping ??= Device.Import(Buffer, DmaDirection.ToDevice);

    public T Keep<T>(T resource) where T : IDisposable
    {
        _kept.Push(resource);
        return resource;
    }

    public void OpenAgain()
    {
        _ = Device;
        Keep(UioDevice.Open(Id));
    }

    /// <summary>Acts on the open device after its driver has been unbound.</summary>
    public void WhenGone(Action<UioDevice> act)
    {
        var device = Device;
        _ = Buffer;
        UnderTest.Unbind();
        try
        {
            act(device);
        }
        finally
        {
            UnderTest.Bind();
        }
    }

    public void WithLimit(string name, string value, Action<UioDevice> act)
    {
        using var limit = new ImportAttribute(Device.Info.DevicePath, name).Set(value);
        act(Device);
    }

    /// <summary>On a device that was opened with them.</summary>
    public void WithoutCapabilities(Action<UioDevice> act)
    {
        var device = Device;
        Unprivileged.WithoutCapabilities(() => act(device));
    }

    public QuiesceProgram PollFor(TimeSpan timeout) =>
        new QuiesceProgram().Poll(Device.Registers, new Register<uint>(0, "first"), 0u, 0u, timeout);

    public DmaMapping MappingThatSomebodyDetached()
    {
        var mapping = Mapping;
        using var file = Descriptors.DuplicateOf(Device.Info.DevicePath);
        Assert.That(Enumerable.Range(1, 8).Count(handle => RawHandles.Detach(file, (uint)handle) == 0), Is.EqualTo(1));
        return mapping;
    }

    public DmaMapping MappingThatSomebodyUnmapped()
    {
        var mapping = Mapping;
        using var file = Descriptors.DuplicateOf(Device.Info.DevicePath);
        using var buffer = Buffer.DuplicateHandle();
        Assert.That(RawUio.Unmap(file, buffer), Is.Zero);
        return mapping;
    }

    /// <summary>Acts on the mapping after its device's driver has been unbound.</summary>
    public void MappingWhenGone(Action<DmaMapping> act)
    {
        var mapping = Mapping;
        _ = Device.Registers; // while it can be mapped
        WhenGone(_ => act(mapping));
    }

    /// <summary>Has edu's "DMA source address" written, which starts nothing.</summary>
    public void WriteAddressOf(DmaMapping mapping) =>
        Device.Registers.WriteAddress(new Register<ulong>(0x80, "DMA source address"), mapping.BeginTransfer(0, 1));

    /// <summary>A write into what UIO maps like registers, and is memory.</summary>
    public static void SetProgramForMemory()
    {
        using var device = UioDevice.Open(UioDeviceId.FromName("memory"), new UioOpenOptions { IsExclusive = false });
        device.SetQuiesceProgram(new QuiesceProgram().Write(device.Registers, new Register<uint>(0, "first"), 0u));
    }

    public DmaMapping MappingInTransfer()
    {
        Mapping.BeginTransfer(0, 1);
        return Mapping;
    }

    /// <summary>As an exporter makes it that was not asked for O_RDWR.</summary>
    public DmaBuf BufferForReadingOnly() => BufferFor(LibC.O_RDONLY);

    public DmaBuf BufferForWritingOnly() => BufferFor(LibC.O_WRONLY);

    private DmaBuf BufferFor(int access)
    {
        using var heap = RawFile.Open(DmaHeap.System.DevicePath, LibC.O_RDONLY);
        var descriptor = UioInterop.Interop.Shim.HeapAlloc(heap, 4096, (uint)(access | LibC.O_CLOEXEC));
        return Keep(DmaBuf.FromNewDescriptor(descriptor));
    }

    public void WithBuffer(Action<DmaBuf> act) => act(Buffer);

    public void Lend(Action<Microsoft.Win32.SafeHandles.SafeFileHandle> act)
    {
        using var handle = Buffer.DuplicateHandle();
        act(handle);
    }

    public void Dispose()
    {
        while (_kept.TryPop(out var resource))
            resource.Dispose();
    }
}
