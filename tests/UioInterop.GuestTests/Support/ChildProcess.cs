using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using UioInterop.Devices;
using UioInterop.GuestTests.Devices.SelfWriters;
using UioInterop.GuestTests.Logic;

namespace UioInterop.GuestTests.Support;

/// <summary>A second process: this same program, called with the name of a role. It ends with its object.</summary>
internal sealed class ChildProcess : IDisposable
{
    private const string ImportRole = "import";
    private const string HoldRole = "hold";
    private const string InvertRole = "invert";
    private const string DetachRole = "detach";
    private const string WorkRole = "work";
    private const string IdleRole = "idle";
    private const string WriteRole = "write";
    private const string StartWriterRole = "start-writer";
    private const string AttachRole = "attach";
    private const string StreamRole = "stream";
    private static readonly TimeSpan s_timeout = Bound.Long;

    private static UioDevice? s_device; // keeps it from the collector
    private static SafeFileHandle? s_file;
    private static IDisposable? s_driver;

    private readonly Process _process;
    private readonly string _said;

    private ChildProcess(params string[] arguments) : this(environment: null, arguments)
    {
    }

    private ChildProcess((string Name, string Value)? environment, string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (environment is var (name, value))
            start.Environment[name] = value;
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        var line = _process.StandardOutput.ReadLineAsync();
        if (line.Wait(s_timeout) && line.Result is { } said)
        {
            _said = said;
            return;
        }

        Dispose();
        throw new TimeoutException($"the other process said nothing: {string.Join(' ', arguments)}");
    }

    public int Id => _process.Id;

    /// <summary>Runs the role that the arguments name.</summary>
    public static int Run(string[] arguments)
    {
        var said = arguments switch
        {
            [ImportRole, var descriptor] => Import(descriptor),
            [IdleRole] => IdleRole,
            [WriteRole, var descriptor, var withProgram] => StartWrite(descriptor, bool.Parse(withProgram)),
            [StartWriterRole, var descriptor, var type, var device, var choice] =>
                StartWriter(descriptor, type, device, Enum.Parse<QuiesceChoice>(choice)),
            [AttachRole, var descriptor, var patience] => Attach(descriptor, patience),
            [StreamRole, var descriptor] => Stream(descriptor),
            [HoldRole, var path] => Open(path).Info.DevicePath,
            [InvertRole, var path] => ReceiveInvertAndSend(path),
            [DetachRole, var path, var handle] => ReceiveAndDetach(path, uint.Parse(handle, CultureInfo.InvariantCulture)),
            [WorkRole, var rounds] => Work(int.Parse(rounds, CultureInfo.InvariantCulture)),
            _ => throw new ArgumentException($"no such role: {string.Join(' ', arguments)}"),
        };
        Console.WriteLine(said);
        Thread.Sleep(Timeout.Infinite); // until it is killed
        return 0;
    }

    /// <summary>A process that opens nothing.</summary>
    public static ChildProcess Idle() => new(IdleRole);

    /// <summary>A process that has a device open.</summary>
    public static ChildProcess Hold(string path) => new(HoldRole, path);

    /// <summary>A process that imports the buffer and is killed. Returns where the device reached it.</summary>
    public static DeviceAddress ImportAndBeKilled(DmaBuf buffer)
    {
        using var child = WithBuffer(buffer, ImportRole);
        Assert.That(DmaBufTable.AttachmentsOf(UnderTest.Name), Is.EqualTo(1), "the other process has the buffer");
        return child.Address;
    }

    /// <summary>
    /// A process that has edu write what is in the device into the buffer, and kills itself before that is done, unless the
    /// machine is late: nobody else would be as quick.
    /// </summary>
    public static void WriteAndBeKilled(DmaBuf buffer, bool withProgram)
    {
        using var child = WithBuffer(buffer, WriteRole, withProgram.ToString());
        Assert.That(child._process.WaitForExit(s_timeout), Is.True, "it kills itself");
    }

    /// <summary>
    /// A process that has a device write into a buffer of the process's own, and is killed. Returns where that was.
    /// </summary>
    /// <param name="ring">What the device reads as it goes, and what is there after the process.</param>
    /// <param name="writer">The device's class.</param>
    /// <param name="device">Its name on its bus.</param>
    /// <param name="choice">What the kernel is told beforehand.</param>
    public static DeviceAddress StartWriterAndBeKilled(DmaBuf ring, Type writer, string device, QuiesceChoice choice)
    {
        using var child = WithBuffer(ring, StartWriterRole, writer.FullName!, device, choice.ToString());
        return child.Address;
    }

    /// <summary>
    /// A process that imports the buffer into the test core, waits until the core has begun to write it, and is killed.
    /// </summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="patience">How long the kernel polls until the core has stopped; null tells it nothing.</param>
    /// <param name="begin">Has the core write to the address, in this process.</param>
    public static void AttachAndBeKilled(DmaBuf buffer, TimeSpan? patience, Action<DeviceAddress> begin)
    {
        using var child = WithBuffer(buffer, AttachRole, patience?.ToString("c", CultureInfo.InvariantCulture) ?? "");
        begin(child.Address);
    }

    /// <summary>
    /// A process that has the AXI DMA receive into the buffer for ever what it sends for ever, and is killed.
    /// </summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="meanwhile">What this process does before.</param>
    public static void StreamAndBeKilled(DmaBuf buffer, Action meanwhile)
    {
        using var child = WithBuffer(buffer, StreamRole);
        meanwhile();
    }

    /// <summary>What the buffer of <see cref="InvertAndSendOne"/> is full of.</summary>
    public const int Seed = 77;

    /// <summary>
    /// Sends a buffer to a process that inverts each of its bytes and sends one of its own, and is killed. Returns that one.
    /// </summary>
    public static DmaBuf InvertAndSendOne(DmaBuf buffer) => Exchange(socket =>
    {
        buffer.Send(socket);
        return DmaBuf.Receive(socket);
    }, InvertRole).Received;

    /// <summary>
    /// Sends an open file of a device to a process that ends a mapping of it, and is killed. Returns 0, or its negative errno.
    /// </summary>
    public static int Detach(SafeFileHandle uio, uint handle) => int.Parse(Exchange(socket =>
    {
        UnixSockets.Send(socket, 1, RawFile.Number(uio));
        return true;
    }, DetachRole, handle.ToString(CultureInfo.InvariantCulture)).Said, CultureInfo.InvariantCulture);

    /// <summary>Talks to a process that connects to the path behind its role.</summary>
    private static (T Received, string Said) Exchange<T>(Func<Socket, T> talk, string role, params string[] arguments)
    {
        var path = Path.Combine(Path.GetTempPath(), $"uiointerop-{Environment.ProcessId}");
        using var listener = UnixSocket();
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        var exchange = Task.Run(() =>
        {
            using var socket = listener.Accept();
            return talk(socket);
        });
        try
        {
            string said;
            using (var child = new ChildProcess([role, path, .. arguments]))
                said = child._said;
            Assert.That(exchange.Wait(s_timeout), Is.True, "the other process has sent nothing");
            return (exchange.Result, said);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>What <see cref="WorkUnderCollections"/> returns when all was well.</summary>
    public const string Worked = "worked";

    /// <summary>
    /// A process that imports, rents, transfers and forgets, with the smallest nursery there is (64 KiB; the setting is
    /// hexadecimal), so that the collector runs every few rounds. Returns what it says.
    /// </summary>
    public static string WorkUnderCollections()
    {
        using var child = new ChildProcess(("DOTNET_GCgen0size", "10000"), [WorkRole, "50"]);
        return child._said;
    }

    public void Dispose()
    {
        _process.Kill();
        Assert.That(_process.WaitForExit(s_timeout), Is.True);
        _process.Dispose();
    }

    /// <summary>What a process says that tells an address.</summary>
    private DeviceAddress Address => new(ulong.Parse(_said, CultureInfo.InvariantCulture));

    private static string Told(DeviceAddress address) => address.Value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A process that inherits a buffer; its descriptor follows the role.</summary>
    private static ChildProcess WithBuffer(DmaBuf buffer, string role, params string[] arguments)
    {
        using var handle = buffer.DuplicateHandle();
        using var inherited = RawFile.Duplicate(handle, inheritable: true);
        return new ChildProcess([role, RawFile.Number(inherited).ToString(CultureInfo.InvariantCulture), .. arguments]);
    }

    private static DmaBuf Inherited(string descriptor) =>
        DmaBuf.FromHandle(new SafeFileHandle(int.Parse(descriptor, CultureInfo.InvariantCulture), ownsHandle: true));

    private static string Import(string descriptor) =>
        Told(Open(UnderTest.DevicePath).Import(Inherited(descriptor), DmaDirection.FromDevice).Address);

    private static string Attach(string descriptor, string patience)
    {
        s_file = RawUio.Open(UnderTest.DevicePath);
        using var buffer = Inherited(descriptor).DuplicateHandle();
        return Told(TestCore.Attach(s_file, buffer,
            patience.Length == 0 ? null : TimeSpan.ParseExact(patience, "c", CultureInfo.InvariantCulture)));
    }

    private static string Stream(string descriptor)
    {
        var loop = EndlessLoop.Begin(Inherited(descriptor));
        s_driver = loop;
        return loop.WaitForSome();
    }

    private static string StartWriter(string descriptor, string type, string device, QuiesceChoice choice)
    {
        var writer = (SelfWriter)Activator.CreateInstance(Type.GetType(type, throwOnError: true)!, device)!;
        s_device = writer.Device;
        writer.Choose(choice);
        var ring = Inherited(descriptor);
        var slots = s_device.Import(DmaHeap.Cma.Allocate(SelfWriter.Length), DmaDirection.FromDevice).Address;
        writer.Start(ring, s_device.Import(ring, DmaDirection.Bidirectional).Address, slots);
        return Told(slots);
    }

    private static string StartWrite(string descriptor, bool withProgram)
    {
        var edu = EduDevice.Open();
        s_device = edu.Device;
        if (!withProgram)
            edu.Device.SetQuiesceProgram(null);
        var mapping = edu.Device.Import(Inherited(descriptor), DmaDirection.FromDevice);
        Console.WriteLine("about to start");
        _ = LibC.kill(LibC.getpid(), 0); // compiled before the write is due
        edu.Start(EduTransfer.FromDevice, mapping.Address, EduDevice.MaxTransfer);
        _ = LibC.kill(LibC.getpid(), LibC.SIGKILL);
        return "not reached";
    }

    private static string ReceiveInvertAndSend(string path)
    {
        using var socket = ConnectedTo(path);
        using var received = DmaBuf.Receive(socket);
        using (var cpu = received.BeginAccess(CpuAccessMode.ReadWrite))
        {
            foreach (ref var b in cpu.Span)
                b = (byte)~b;
        }

        using var own = DmaHeap.System.Allocate(4096);
        Buffers.Fill(own, Buffers.Pattern(4096, Seed));
        own.Send(socket);
        return "sent";
    }

    private static string ReceiveAndDetach(string path, uint handle)
    {
        using var socket = ConnectedTo(path);
        using var uio = UnixSockets.ReceiveFile(socket);
        return RawHandles.Detach(uio, handle).ToString(CultureInfo.InvariantCulture);
    }

    private static string Work(int rounds)
    {
        var timeout = Bound.Long;
        using var edu = EduDevice.Open();
        using var pool = new DmaMappingPool(edu.Device, DmaHeap.Cma, 4096, DmaDirection.Bidirectional, capacity: 2);
        for (var i = 0; i < rounds; i++)
        {
            var bytes = Buffers.Pattern(512, seed: i);
            _ = new byte[40_000]; // most of the nursery
            using var rented = pool.Rent(timeout);
            Buffers.Fill(rented.Buffer, bytes);

            // A mapping that nobody has any more, and the device uses.
            using var destination = DmaHeap.Cma.Allocate(4096);
            var dropped = edu.Device.Import(destination, DmaDirection.FromDevice).Address;
            if (i % 25 == 24)
            {
                edu.CopyToDevice(rented.Mapping, 0, 512, timeout);
                edu.Start(EduTransfer.FromDevice, dropped, 512);
                if (!edu.TryWaitForCompletion(timeout, out _) || !Buffers.Read(destination, 512).AsSpan().SequenceEqual(bytes))
                    return $"round {i}: the data has not arrived";
            }
        }

        // Without them nothing would have been tried.
        var (collections, mappings) = (GC.CollectionCount(0), edu.Device.DroppedMappings);
        return collections > rounds / 4 && mappings > rounds / 2 ? Worked : $"{collections} collections, {mappings} dropped";
    }

    private static Socket ConnectedTo(string path)
    {
        var socket = UnixSocket();
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return socket;
    }

    private static Socket UnixSocket() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private static UioDevice Open(string path) => s_device = UioDevice.Open(UioDeviceId.FromPath(path));
}
