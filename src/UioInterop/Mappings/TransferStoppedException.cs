namespace UioInterop;

/// <summary>A transfer failed because its device was stopped. How much of the buffer was transferred is not known.</summary>
/// <remarks>Nothing touches the buffer any more. The device can be used again, unless it has been disposed or unbound.</remarks>
public sealed class TransferStoppedException : IOException
{
    /// <summary>Describes what happened.</summary>
    /// <param name="message">Which device was stopped, and why.</param>
    /// <param name="cause">What led to the stop; may be null.</param>
    public TransferStoppedException(string message, Exception? cause = null) : base(message, cause) { }

    internal TransferStoppedException(UioDeviceInfo device)
        : this($"{device} was stopped before the transfer was done: a transfer was given up, a mapping ended under one, or the "
            + "device was disposed or unbound.")
    {
    }
}
