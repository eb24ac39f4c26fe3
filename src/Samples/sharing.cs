// Two processes share a buffer: this one has the device write into it, the other one reads it. No byte is copied between them.
//   ./build.sh run src/Samples/sharing.cs
#:project ../UioInterop.Devices
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using UioInterop;
using UioInterop.Devices;

if (args is ["read", string path])
{
    using var sender = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    sender.Connect(new UnixDomainSocketEndPoint(path));
    using DmaBuf received = DmaBuf.Receive(sender);          // the same memory, by a descriptor of its own
    string text = Encoding.ASCII.GetString(received.ToArray<byte>()).TrimEnd('\0');      // the rest of its page is zero
    Console.WriteLine($"the other process reads \"{text}\"");
    return 0;
}

TimeSpan timeout = TimeSpan.FromSeconds(30);
using DriverBinding binding = DriverBinding.Bind("0000:00:01.0", "uio_pci_generic");
using EduDevice edu = EduDevice.Open("0000:00:01.0");
byte[] hello = "Hello by DMA"u8.ToArray();
using var source = edu.Device.Allocate<byte>(hello.Length, DmaDirection.ToDevice);
using var target = edu.Device.Allocate<byte>(hello.Length, DmaDirection.FromDevice);
source.Write(hello);
edu.CopyToDevice(source, 0, hello.Length, timeout);
edu.CopyFromDevice(target, 0, hello.Length, timeout);

string address = Path.Combine(Path.GetTempPath(), $"sharing-{Environment.ProcessId}");
using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
listener.Bind(new UnixDomainSocketEndPoint(address));
listener.Listen();
using Process reader = Process.Start(Environment.ProcessPath!, [.. Itself(), "read", address]);
using (Socket connection = listener.Accept())
    target.Buffer.Send(connection);
reader.WaitForExit();
File.Delete(address);
return reader.ExitCode;

// In a process that was started as `dotnet sharing.dll`, the program is dotnet's first argument.
static string[] Itself() => Path.GetFileName(Environment.ProcessPath) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
