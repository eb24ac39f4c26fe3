using Tmds.Linux;

namespace UioInterop.GuestTests.Support;

/// <summary>Runs code as user nobody, on a thread of its own: in Linux a thread has an identity.</summary>
internal static class Unprivileged
{
    private const int Nobody = 65534;

    // The C library would change all threads of the process; the system call changes the calling one.
    private const int SetFsUidOnX64 = 122;
    private const int SetFsUidOnArm64 = 151;
    private const int CapSetOnX64 = 126;
    private const int CapSetOnArm64 = 91;

    public static Exception? Run(Action action) => Run(() => SetFileSystemUser(Nobody), action);

    /// <summary>The same, and throws what the code throws.</summary>
    public static void AsNobody(Action action) => Rethrow(Run(action));

    /// <summary>As root, but without a single capability; throws what the code throws.</summary>
    public static void WithoutCapabilities(Action action) => Rethrow(Run(DropCapabilities, action));

    private static void Rethrow(Exception? error)
    {
        if (error is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
    }

    private static Exception? Run(Action become, Action action)
    {
        HaveWorkers();
        Exception? thrown = null;
        var thread = new Thread(() =>
        {
            become();
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

    // Has the thread pool start its workers. One that it started from the unprivileged thread would be nobody's, and so would what
    // later tests do on it.
    private static void HaveWorkers()
    {
        using var all = new CountdownEvent(Environment.ProcessorCount);
        using var done = new CountdownEvent(Environment.ProcessorCount);
        for (var i = 0; i < Environment.ProcessorCount; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                _ =>
                {
                    all.Signal();
                    all.Wait(Bound.Long);
                    done.Signal();
                },
                null);
        }

        Assert.That(done.Wait(Bound.Long), Is.True);
    }

    // Drops the capabilities to override file permissions with it: capabilities(7), "fsuid".
    private static void SetFileSystemUser(int user) => LibC.syscall(IsArm64 ? SetFsUidOnArm64 : SetFsUidOnX64, user);

    // capset(2): version 3 and this thread, then effective, permitted and inheritable sets, all empty.
    private static unsafe void DropCapabilities()
    {
        var header = stackalloc uint[2] { 0x20080522, 0 };
        var sets = stackalloc uint[6];
        new Span<uint>(sets, 6).Clear();
        LibC.syscall(IsArm64 ? CapSetOnArm64 : CapSetOnX64, header, sets);
    }

    private static bool IsArm64 => System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture
        == System.Runtime.InteropServices.Architecture.Arm64;
}
