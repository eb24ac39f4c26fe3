using System.Net.Sockets;

namespace UioInterop.Prompt.Links;

/// <summary>A local socket that the agent connects to; only its owner may.</summary>
internal sealed class SocketLink : Link
{
    private readonly NetworkStream _stream;
    private readonly string _path;

    public SocketLink(string path)
    {
        _path = path;
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException error)
        {
            throw new PromptException($"There can be no socket {path}: {error.Message}.");
        }

        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        listener.Listen(1);
        _stream = new NetworkStream(listener.Accept(), ownsSocket: true);
    }

    public override Stream FromAgent => _stream;

    public override Stream ToAgent => _stream;

    public override string WhyEnded() => $"the agent has closed {_path}";

    public override void Dispose()
    {
        _stream.Dispose();
        File.Delete(_path);
    }
}
