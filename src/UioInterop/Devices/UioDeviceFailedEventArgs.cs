namespace UioInterop;

/// <summary>What <see cref="UioDevice.Failed"/> tells.</summary>
/// <param name="exception">What failed.</param>
public sealed class UioDeviceFailedEventArgs(Exception exception) : EventArgs
{
    /// <summary>What failed: a <see cref="UioException"/> as a rule, with its cause inside.</summary>
    public Exception Exception { get; } = exception;

    /// <summary>The failure in words.</summary>
    public override string ToString() => Exception.Message;
}
