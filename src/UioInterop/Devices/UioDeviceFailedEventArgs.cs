namespace UioInterop;

/// <summary>The failure that <see cref="UioDevice.Failed"/> is raised for.</summary>
/// <param name="exception">What failed.</param>
public sealed class UioDeviceFailedEventArgs(Exception exception) : EventArgs
{
    /// <summary>The failure, usually a <see cref="UioException"/> with its cause inside.</summary>
    public Exception Exception { get; } = exception;

    /// <summary>The failure in words.</summary>
    public override string ToString() => Exception.Message;
}
