using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>Runs code as user nobody, on a thread of its own: in Linux a thread has an identity.</summary>
internal static class Unprivileged
{
    private const int Nobody = 65534;

    // The C library would change all threads of the process; the system call changes the calling one.
    private const int SetFsUidOnX64 = 122;
    private const int SetFsUidOnArm64 = 151;

    public static Exception? Run(Action action)
    {
        Exception? thrown = null;
        var thread = new Thread(() =>
        {
            SetFileSystemUser(Nobody);
            try
            {
                action();
            }
            catch (Exception e)
            {
                thrown = e;
            }
        });
        thread.Start();
        thread.Join();
        return thrown;
    }

    // Drops the capabilities to override file permissions with it: capabilities(7), "fsuid".
    private static void SetFileSystemUser(int user)
    {
        var number = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture
            == System.Runtime.InteropServices.Architecture.Arm64 ? SetFsUidOnArm64 : SetFsUidOnX64;
        LibC.syscall(number, user);
    }
}
