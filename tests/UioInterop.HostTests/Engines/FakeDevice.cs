using System.Buffers.Binary;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using NUnit.Framework;
using UioInterop.Interop;

namespace UioInterop.HostTests.Engines;

/// <summary>
/// A UIO device that does what a test says: registers in memory, a socket for its node, imports that always succeed. For what
/// hardware does not do when it is asked to.
/// </summary>
internal sealed class FakeDevice : IDisposable
{
    private const int Length = 4096;

    private readonly Socket _kernel;
    private readonly Socket _node;
    private uint _interrupts;

    public FakeDevice(UioOpenOptions? options = null)
    {
        options ??= new UioOpenOptions { TransferTimeout = TimeSpan.FromMilliseconds(50) };
        (_kernel, _node) = Pair();
        _node.Blocking = false;
        _kernel.Blocking = false;
        var map = new UioMapInfo(0, "registers", 0, Length, 0);
        var info = new UioDeviceInfo
        {
            Number = 99, Name = "fake", Version = "", ParentName = "", ParentPath = "", Driver = "fake", DeviceTreeNode = "",
            Compatible = [], Maps = [map], Iommu = null,
        };
        var file = new SafeFileHandle(_node.Handle, ownsHandle: false);
        Assert.That(Syscalls.OpenEvent(out var wake), Is.GreaterThanOrEqualTo(0));
        Device = new UioDevice(info, options, file, new InterruptSource(info, file, wake!, 0, options.ContinueInline), Imports);
        Assert.That(MemoryMap.Create(Memory(), 0, Length, out var registers), Is.Zero);
        Device.AddMap(map, registers!);
    }

    public static FakeDevice Open() => new();

    public UioDevice Device { get; }

    public DeviceSession Session() => new(Device);

    public UioInterop.Registers Registers => Device.Registers;

    public FakeImports Imports { get; } = new();

    /// <summary>Raises the interrupt, as often as it is called.</summary>
    /// <param name="count">How many interrupts there were since the last call.</param>
    public void Interrupt(uint count = 1)
    {
        Span<byte> bytes = stackalloc byte[1024];
        while (_kernel.Receive(bytes, SocketFlags.None, out _) > 0) // what enables it
        {
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bytes, _interrupts = unchecked(_interrupts + count));
        if (_kernel.Send(bytes[..sizeof(uint)]) != sizeof(uint)) // an assertion would allocate
            throw new IOException("The node takes no interrupt.");
    }

    /// <summary>A buffer that the device has.</summary>
    public DmaMapping Import(DmaDirection direction = DmaDirection.FromDevice) =>
        Device.Import(new DmaBuf(Memory(), Length, "fake"), direction);

    public void Dispose()
    {
        Device.Dispose();
        _node.Dispose();
        _kernel.Dispose();
    }

    private static (Socket Kernel, Socket Node) Pair()
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint($"\0uio-{Guid.NewGuid()}"));
        listener.Listen();
        var node = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        node.Connect(listener.LocalEndPoint!);
        return (listener.Accept(), node);
    }

    private static SafeFileHandle Memory()
    {
        Assert.That(Syscalls.OpenMemory("fake", out var file), Is.GreaterThanOrEqualTo(0));
        Assert.That(Syscalls.SizeAndSeal(file!, Length), Is.Zero);
        return file!;
    }

    /// <summary>An import that always succeeds, at an address that grows; its end fails when it is told to.</summary>
    internal sealed class FakeImports : ImportAbi
    {
        private ulong _next = 0x1000_0000;

        public int DetachResult { get; set; }

        public int Attached { get; private set; }

        public override string AttachCall => Calls.Map;

        public override string DetachCall => Calls.Unmap;

        public override int Attach(int uio, Attachment attachment)
        {
            attachment.Set(handle: 0, rangeCount: 1, (ulong)attachment.Buffer.Length);
            attachment.SetAddress(_next);
            _next += (ulong)attachment.Buffer.Length;
            Attached++;
            return 0;
        }

        public override int Detach(int uio, Attachment attachment)
        {
            if (DetachResult >= 0)
                Attached--;
            return DetachResult;
        }

        public override int ReadRanges(int uio, Attachment attachment) => 0;
    }
}
