using Microsoft.Win32.SafeHandles;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// Waits for a buffer's implicit fences, as poll(2) tells them: Documentation/driver-api/dma-buf.rst, "Implicit Fence Poll
/// Support". Each wait has a thread: with epoll, the buffer's descriptor would have to be added and removed again.
/// </summary>
internal static class FenceWait
{
    /// <summary>Waits on a thread of its own, unless there is nothing to wait for.</summary>
    public static Task RunAsync(DmaBuf buffer, CpuAccessMode mode, Deadline deadline, CancellationToken token)
    {
        short events = (mode & CpuAccessMode.Write) != 0 ? Syscalls.PollWritable : Syscalls.PollReadable;
        TimeSpan none = TimeSpan.Zero;
        int ready = Syscalls.WaitUntilReady(buffer.File, events, ref none);
        if (ready != 0)
            return ready < 0 ? Task.FromException(UioException.From(Calls.Wait, buffer.ToString(), ready)) : Task.CompletedTask;
        if (deadline.IsOver)
            return Task.FromException(TimedOut(buffer));

        var result = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => Run(buffer, events, deadline, result, token)) { IsBackground = true, Name = "UioInterop fence" }.Start();
        return result.Task;
    }

    private static void Run(DmaBuf buffer, short events, Deadline deadline, TaskCompletionSource result, CancellationToken token)
    {
        try
        {
            int ready = Wait(buffer.File, events, deadline, token);
            if (token.IsCancellationRequested)
                result.SetCanceled(token);
            else if (ready < 0)
                result.SetException(UioException.From(Calls.Wait, buffer.ToString(), ready));
            else if (ready == 0)
                result.SetException(TimedOut(buffer));
            else
                result.SetResult();
        }
        catch (ObjectDisposedException error)
        {
            result.SetException(error);
        }
    }

    private static int Wait(SafeFileHandle file, short events, Deadline deadline, CancellationToken token)
    {
        int opened = Syscalls.OpenEvent(out SafeFileHandle? wake);
        if (opened < 0)
            return opened;

        using SafeFileHandle wakeHandle = wake!;
        using CancellationTokenRegistration registration =
            token.UnsafeRegister(static handle => Syscalls.Signal((SafeFileHandle)handle!), wakeHandle);
        TimeSpan timeout = deadline.Remaining;
        return Syscalls.WaitUntilReady(file, events, ref timeout, wakeHandle);
    }

    private static TimeoutException TimedOut(DmaBuf buffer) => new($"The fences of {buffer} were not over in time.");
}
