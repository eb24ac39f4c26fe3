using System.Net.Sockets;

namespace UioInterop.Machines.Running;

/// <summary>The host's end of the wire between a machine's Ethernet controllers: a datagram is a frame.</summary>
internal sealed class Wire : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly string _host = NewPath();
    private readonly string _machine = NewPath();

    public Wire() => _socket.Bind(new UnixDomainSocketEndPoint(_host));

    /// <summary>What QEMU is told: a port of the hub that the controllers are on.</summary>
    public IReadOnlyList<string> QemuArguments =>
    [
        "-netdev", $"dgram,id=host,local.type=unix,local.path={_machine},remote.type=unix,remote.path={_host}",
        "-netdev", "hubport,id=wire,hubid=0,netdev=host",
    ];

    /// <summary>Sends frames to everybody, of a type for local experiments (IEEE 802) and as short as can be.</summary>
    public void Send(int count)
    {
        Span<byte> frame = stackalloc byte[60];
        frame.Fill(0xff);
        frame[6..12].Fill(0x02);
        frame[12] = 0x88;
        frame[13] = 0xb5;
        for (var i = 0; i < count; i++)
            _socket.SendTo(frame, new UnixDomainSocketEndPoint(_machine));
    }

    public void Dispose()
    {
        _socket.Dispose();
        File.Delete(_host);
        File.Delete(_machine);
    }

    private static string NewPath() => Path.Combine(Path.GetTempPath(), $"uio-{Guid.NewGuid():N}.wire");
}
