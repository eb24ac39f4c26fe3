using System.Net.Sockets;
using System.Runtime.InteropServices;
using UioInterop.Prompt.Agent;

// A port that is pulled out hangs up on whoever leads a session: what the agent reads ends as well, which is enough.
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => signal.Cancel = true);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
{
    signal.Cancel = true;
    Rest.CloseDevices();
    Environment.Exit(128 + 15);
});

// Without an argument over its input and output, as through ssh. With one over a serial port, which is in raw mode and no
// console, or a local socket, which the prompt listens on. It listens on nothing itself.
switch (args)
{
    case []:
        new AgentLoop(Console.OpenStandardInput(), Console.OpenStandardOutput()).Run();
        return;
    case [var path] when File.Exists(path):
        using (var port = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0))
            new AgentLoop(port, port).Run();
        return;
    case ["--socket", var path]:
        RunOverSocket(path);
        return;
    default:
        Console.Error.WriteLine("Usage: UioInterop.Prompt.Agent [PORT | --socket PATH]");
        Environment.Exit(2);
        return;
}

// By itself, so that sockets are loaded for those who have one.
static void RunOverSocket(string path)
{
    var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    socket.Connect(new UnixDomainSocketEndPoint(path));
    using var stream = new NetworkStream(socket, ownsSocket: true);
    new AgentLoop(stream, stream).Run();
}
