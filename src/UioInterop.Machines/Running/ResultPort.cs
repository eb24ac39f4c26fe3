using System.Net.Sockets;

namespace UioInterop.Machines.Running;

/// <summary>The guest's second serial port: a socket that we listen on and QEMU connects to.</summary>
internal sealed class ResultPort : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public ResultPort()
    {
        // In the temporary directory: a socket's path may have 108 bytes, and a repository can lie deep.
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"uio-{Guid.NewGuid():N}.sock");
        _listener.Bind(new UnixDomainSocketEndPoint(Path));
        _listener.Listen(1);
    }

    public string Path { get; }

    /// <summary>Hands on the connection until QEMU closes the port; ends without one when cancelled.</summary>
    public async Task ReadAsync(Func<Stream, Task> read, CancellationToken cancel)
    {
        try
        {
            using var connection = await _listener.AcceptAsync(cancel);
            await using var stream = new NetworkStream(connection);
            await read(stream);
        }
        catch (OperationCanceledException)
        {
            // QEMU ended before it connected; its exit code tells the story.
        }
        catch (IOException)
        {
            // QEMU was killed with the port open: what arrived has been handed on.
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        File.Delete(Path);
    }
}
