namespace UioInterop;

/// <summary>What an engine says when it is asked after an interrupt. An error is an exception.</summary>
public enum EngineState
{
    /// <summary>Not yet: the interrupt was somebody else's, or one of a transfer that was given up.</summary>
    Busy,

    /// <summary>The transfer is done.</summary>
    Done,
}
