using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>
/// The one thread that waits for the interrupts of all devices with an asynchronous wait: an epoll loop. Time limits are
/// the loop's own, so that no wait needs a timer.
/// </summary>
/// <remarks>
/// A device is armed for one event at a time (EPOLLONESHOT). The thread refers to armed devices only: others are left to the
/// collector, and the kernel drops their files from the epoll when it closes them.
/// </remarks>
internal sealed class InterruptThread
{
    private const ulong WakeKey = 0;
    private const int EventsAtATime = 16;

    // Not a Lazy: that would keep a failure, such as EMFILE, for ever.
    private static readonly Lock s_gate = new();
    private static InterruptThread? s_instance;

    // Protects everything below. Taken inside of an InterruptSource's lock, and never around it.
    private readonly Lock _gate = new();
    private readonly SafeFileHandle _epoll;
    private readonly SafeFileHandle _wake;
    private readonly List<InterruptSource> _armed = [];
    private ulong _lastKey = WakeKey;
    private long _sleepsUntil; // a time stamp

    private InterruptThread()
    {
        int result = Syscalls.OpenEpoll(out SafeFileHandle? epoll);
        if (result < 0)
            throw UioException.From(Calls.CreateEpoll, "epoll", result);

        _epoll = epoll!;
        result = Syscalls.OpenEvent(out SafeFileHandle? wake);
        if (result < 0)
        {
            _epoll.Dispose();
            throw UioException.From(Calls.CreateEvent, "epoll", result);
        }

        _wake = wake!;
        try
        {
            result = Syscalls.EpollAdd(_epoll, _wake, WakeKey, Syscalls.EpollEdge);
            if (result < 0)
                throw UioException.From(Calls.Wait, "epoll", result);

            new Thread(Run) { IsBackground = true, Name = "UioInterop interrupts" }.Start();
        }
        catch
        {
            _wake.Dispose();
            _epoll.Dispose();
            throw;
        }
    }

    public static InterruptThread Instance
    {
        get
        {
            if (Volatile.Read(ref s_instance) is { } known)
                return known;

            lock (s_gate)
                return s_instance ??= new InterruptThread();
        }
    }

    /// <summary>
    /// Waits for the next event of a device, once, or for its deadline. Returns a negative errno when the kernel refuses.
    /// </summary>
    public int Arm(InterruptSource source)
    {
        lock (_gate)
        {
            int result;
            if (source.Key == 0)
            {
                source.Key = ++_lastKey;
                result = Syscalls.EpollAdd(_epoll, source.File, source.Key, Syscalls.EpollOnce);
                if (result < 0)
                    source.Key = 0;
            }
            else
            {
                result = Syscalls.EpollRearm(_epoll, source.File, source.Key, Syscalls.EpollOnce);
            }

            if (result < 0)
                return result;

            if (!_armed.Contains(source))
                _armed.Add(source);
            if (source.Deadline < _sleepsUntil)
                Syscalls.Signal(_wake);
            return 0;
        }
    }

    /// <summary>The device's wait is decided. The next wait finds an event that comes now.</summary>
    public void Disarm(InterruptSource source)
    {
        lock (_gate)
            _armed.Remove(source);
    }

    /// <summary>The device's file is about to be closed.</summary>
    public static void Forget(InterruptSource source)
    {
        if (source.Key != 0)
            Syscalls.EpollRemove(Instance._epoll, source.File);
    }

    private void Run()
    {
        Span<ulong> keys = stackalloc ulong[EventsAtATime];
        var due = new List<InterruptSource>();
        while (true)
        {
            int count = Syscalls.EpollWait(_epoll, keys, TimeToSleep());
            if (count < 0)
                throw UioException.From(Calls.Wait, "epoll", count); // possible only with a closed descriptor

            foreach (ulong key in keys[..count])
                Find(key)?.OnReady();

            long now = Stopwatch.GetTimestamp();
            lock (_gate)
            {
                foreach (InterruptSource source in _armed)
                {
                    if (source.Deadline <= now)
                        due.Add(source);
                }
            }

            foreach (InterruptSource source in due)
                source.OnDeadline(now);
            due.Clear();
        }
    }

    /// <summary>Until the next deadline, in milliseconds; -1 when there is none.</summary>
    private int TimeToSleep()
    {
        lock (_gate)
        {
            _sleepsUntil = long.MaxValue;
            foreach (InterruptSource source in _armed)
                _sleepsUntil = Math.Min(_sleepsUntil, source.Deadline);

            if (_sleepsUntil == long.MaxValue)
                return -1;

            // Rounded up, or the last millisecond would be spent running in circles.
            double left = Math.Ceiling(Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), _sleepsUntil).TotalMilliseconds);
            return (int)Math.Clamp(left, 0, int.MaxValue);
        }
    }

    private InterruptSource? Find(ulong key)
    {
        lock (_gate)
        {
            foreach (InterruptSource source in _armed)
            {
                if (source.Key == key)
                    return source;
            }

            return null;
        }
    }
}
