namespace UioInterop.Prompt.Protocol;

/// <summary>What a frame is.</summary>
public enum FrameKind : byte
{
    /// <summary>To the agent: who are you? Nothing in it. The answer is a <see cref="Greeting"/>.</summary>
    Hello = 1,

    /// <summary>From the agent: <see cref="Protocol.Greeting"/>. It is sent at its start, too.</summary>
    Greeting = 2,

    /// <summary>To the agent: <see cref="RunRequest"/>. Sent twice, it runs once.</summary>
    Run = 3,

    /// <summary>From the agent: <see cref="RunResult"/>.</summary>
    Result = 4,

    /// <summary>From the agent: what a statement printed, as UTF-8.</summary>
    Output = 5,

    /// <summary>To the agent: end the statement that runs.</summary>
    Interrupt = 6,

    /// <summary>To the agent: begin again, whatever runs.</summary>
    Restart = 7,

    /// <summary>Either way: <see cref="FileRequest"/>.</summary>
    FileRequest = 8,

    /// <summary>Either way: <see cref="FileAnswer"/>.</summary>
    FileAnswer = 9,

    /// <summary>From the agent: something came that was no frame. Nothing in it.</summary>
    Damaged = 10,
}
