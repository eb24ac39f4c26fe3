namespace UioInterop.Machines;

/// <summary>Something the person can act on; shown as its message, without a stack trace.</summary>
public sealed class MachineException : Exception
{
    /// <summary>Without a message.</summary>
    public MachineException()
    {
    }

    /// <summary>With a message that says what to do.</summary>
    public MachineException(string message)
        : base(message)
    {
    }

    /// <summary>With a message that says what to do, and its cause.</summary>
    public MachineException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
