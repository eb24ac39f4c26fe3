namespace UioInterop;

/// <summary>An engine's answer after an interrupt. Errors are exceptions.</summary>
public enum EngineState
{
    /// <summary>Not done yet: the interrupt was another engine's, or an abandoned transfer's.</summary>
    Busy,

    /// <summary>The transfer is done.</summary>
    Done,
}
