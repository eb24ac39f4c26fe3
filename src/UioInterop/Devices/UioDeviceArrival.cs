using Microsoft.Win32.SafeHandles;
using UioInterop.Interop;

namespace UioInterop;

/// <summary>Waits for a UIO device that this process may open.</summary>
/// <remarks>
/// <para>The kernel's uevents say when to look. inotify on /dev would be too early: the node is made before the device has its
/// maps, and only the <c>bind</c> event of the device behind it comes last. udev reports over the same socket when it has set
/// the permissions and links. Subscribing comes before the first look, so nothing is missed in between. An event only leads to
/// another look at /sys; its content is not trusted otherwise.</para>
/// <para>Some changes have no event, such as a chmod by a script, and a container may hear none: so it also looks every second.</para>
/// <para>Each wait has a thread of its own, for the time it lasts: it reads /sys, which takes as long as drivers take,
/// and looks with the permissions of the thread that asked.</para>
/// </remarks>
internal sealed class UioDeviceArrival
{
    private static readonly TimeSpan EverySecond = TimeSpan.FromSeconds(1);

    // The maps follow the node within microseconds, and only the bind event shows that they are there. For a device that exists
    // already, that event may have been long ago: the node's age tells the two apart.
    private static readonly TimeSpan SettlingTime = TimeSpan.FromMilliseconds(100);

    private readonly TaskCompletionSource<UioDeviceInfo> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<string> _bound = [];
    private readonly UioDeviceId _id;
    private readonly Deadline _deadline;
    private readonly TimeSpan _lookAgain;
    private readonly CancellationToken _cancellation;

    private UioDeviceArrival(UioDeviceId id, Deadline deadline, TimeSpan lookAgain, CancellationToken cancellation) =>
        (_id, _deadline, _lookAgain, _cancellation) = (id, deadline, lookAgain, cancellation);

    /// <summary>Waits for a device; one that is there already is returned at once.</summary>
    /// <param name="id">Which one.</param>
    /// <param name="timeout">How long to wait; zero does not wait, <see cref="Timeout.InfiniteTimeSpan"/> has no limit.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <param name="lookAgain">How often to look when no event comes; every second when left out.</param>
    /// <exception cref="TimeoutException">The device did not appear in time; the message lists those that exist.</exception>
    /// <exception cref="UioException">
    /// ENOTUNIQ: several devices answer to the id. EACCES: it came, but the process was not let in before the timeout.
    /// </exception>
    public static Task<UioDeviceInfo> WaitAsync(UioDeviceId id, TimeSpan timeout, CancellationToken cancellation,
        TimeSpan? lookAgain = null)
    {
        id.ThrowIfNone(nameof(id));
        var deadline = new Deadline(timeout);
        if (cancellation.IsCancellationRequested)
            return Task.FromCanceled<UioDeviceInfo>(cancellation);

        var arrival = new UioDeviceArrival(id, deadline, lookAgain ?? EverySecond, cancellation);
        new Thread(arrival.Run) { IsBackground = true, Name = "UioInterop arrival" }.Start();
        return arrival._result.Task;
    }

    private void Run()
    {
        UioDeviceInfo? device = null;
        Exception? failure = null;
        try
        {
            device = Wait();
        }
        catch (Exception error)
        {
            failure = error;
        }

        // Only here, so that every descriptor is closed when the task ends.
        if (device is not null)
            _result.SetResult(device);
        else if (failure is OperationCanceledException)
            _result.SetCanceled(_cancellation);
        else
            _result.SetException(failure!);
    }

    private UioDeviceInfo Wait()
    {
        using UEventSocket events = UEventSocket.Open();
        int result = Syscalls.OpenEvent(out SafeFileHandle? wake);
        if (result < 0)
            throw UioException.From(Calls.CreateEvent, _id.ToString(), result);

        using SafeFileHandle wakeHandle = wake!;
        using CancellationTokenRegistration registration =
            _cancellation.UnsafeRegister(static handle => Syscalls.Signal((SafeFileHandle)handle!), wakeHandle);

        while (true)
        {
            _cancellation.ThrowIfCancellationRequested();
            events.Drain(_bound);
            bool ready = TryLook(out UioDeviceInfo? device, out int refusal, out TimeSpan next);

            // A device that was unbound during the look may be back already, and not be complete yet.
            if (ready && !events.Drain(_bound))
                return device!;

            if (_deadline.IsOver)
                throw TimedOut(device, refusal);
            if (ready)
                continue;

            next = _deadline.RemainingAtMost(next);
            result = Syscalls.WaitUntilReadable(events.File, ref next, wakeHandle);
            if (result < 0)
                throw UioException.From(Calls.Wait, "uevents", result);
        }
    }

    /// <summary>Looks whether the device is there, complete, and open to the process.</summary>
    /// <param name="device">The device, also when it is not ready.</param>
    /// <param name="refusal">The negative error number with which its node refuses to be opened; 0 when it does not.</param>
    /// <param name="next">How long to wait for an event before looking again.</param>
    private bool TryLook(out UioDeviceInfo? device, out int refusal, out TimeSpan next)
    {
        refusal = 0;
        next = _lookAgain;
        device = UioDeviceLookup.TryFind(_id);
        if (device is null)
            return false;

        refusal = Syscalls.CheckAccess(device.DevicePath);
        if (refusal < 0 || _bound.Contains(device.ParentPath))
            return refusal >= 0;

        TimeSpan age = DateTime.UtcNow - File.GetCreationTimeUtc(device.DevicePath);
        if (age >= TimeSpan.Zero && age < SettlingTime) // less when the clock has been set back
        {
            next = SettlingTime - age;
            return false;
        }

        // Read again: the first look may have come before the maps.
        device = UioDeviceLookup.TryFind(_id);
        return device is not null;
    }

    private Exception TimedOut(UioDeviceInfo? device, int refusal)
    {
        if (refusal < 0 && refusal != -Errno.ENOENT)
            return UioException.From(Calls.Open, device!.DevicePath, refusal);

        string why = device is null ? UioDeviceLookup.WhyMissing(_id)
            : refusal < 0 ? $"the kernel has {device}, but there is no node {device.DevicePath}: /dev has to be a "
                + "devtmpfs, or udev has to run"
            : $"{device} came, but was not complete by then";
        return new TimeoutException($"{_id} did not appear within {_deadline.After.TotalSeconds:0.###} s: {why}.");
    }
}
