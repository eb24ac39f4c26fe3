using System.Collections.Concurrent;
using UioInterop.Interop;

namespace UioInterop;

// Failures that no exception can report.
public sealed partial class UioDevice
{
    private readonly ConcurrentQueue<Exception> _failures = new();

    /// <summary>
    /// A failure that no exception can report: a Dispose or an abandoned lease could not bring the device to rest, or a mapping
    /// could not be ended. The buffers stay mapped.
    /// </summary>
    /// <remarks>
    /// Raised on the thread that failed, when it holds no lock of the library. Exceptions of a handler are ignored: it
    /// may run inside of a Dispose. The EventSource <c>UioInterop</c> tells the same.
    /// </remarks>
    public event EventHandler<UioDeviceFailedEventArgs>? Failed;

    /// <summary>Reports a failure, now or when this thread has left the locks.</summary>
    internal void Report(Exception failure)
    {
        _failures.Enqueue(failure);
        RaiseFailures();
    }

    /// <summary>Reports that a stop failed.</summary>
    internal void ReportQuiesceFailed(Exception cause)
    {
        UioEventSource.Log.QuiesceFailed(Info.DevicePath, cause.Message);
        Report(new UioException(Calls.Quiesce, Info.DevicePath, Errno.EBUSY,
            $"{WhyNotAtRest(cause)}; buffers in transfer stay with the device until a later stop, or its end", cause));
    }

    void IMappingOwner.Report(Exception failure) => Report(failure);

    private void RaiseFailures()
    {
        if (Monitor.IsEntered(_quiesceGate) || Monitor.IsEntered(_gate))
            return;

        while (_failures.TryDequeue(out Exception? failure))
        {
            try
            {
                Failed?.Invoke(this, new UioDeviceFailedEventArgs(failure));
            }
#pragma warning disable CA1031 // It would come out of a Dispose, in the place of the exception that unwinds.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
    }
}
