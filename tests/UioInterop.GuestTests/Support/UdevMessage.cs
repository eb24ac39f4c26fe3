using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>
/// What udev tells its listeners when it has acted on an event. The machines have no udev; this sends the beginning of
/// such a message to the same multicast group.
/// </summary>
internal static unsafe class UdevMessage
{
    private const int KObjectUEvent = 15;
    private const int UdevGroup = 2;

    public static void Send()
    {
        using var socket = new SafeFileHandle(LibC.socket(LibC.AF_NETLINK, LibC.SOCK_RAW | LibC.SOCK_CLOEXEC, KObjectUEvent),
            ownsHandle: true);
        var address = stackalloc uint[3] { (ushort)LibC.AF_NETLINK, 0, UdevGroup };
        var message = Encoding.ASCII.GetBytes("libudev\0");
        fixed (byte* bytes = message)
        {
            long sent = LibC.sendto(RawFile.Number(socket), bytes, message.Length, 0, (sockaddr*)address, 3 * sizeof(uint));
            Assert.That(sent, Is.EqualTo(message.Length));
        }
    }
}
