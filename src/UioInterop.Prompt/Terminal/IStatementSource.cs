namespace UioInterop.Prompt.Terminal;

/// <summary>Where statements come from, and where text goes that appears meanwhile.</summary>
internal interface IStatementSource
{
    /// <summary>Whether a person types, who sees a mistake and goes on.</summary>
    bool IsInteractive { get; }

    /// <summary>Called when somebody wants the statement that runs to end.</summary>
    Action OnInterrupt { set; }

    /// <summary>The next statement; null at the end.</summary>
    string? Read();

    /// <summary>Shows text, a line or a part of one.</summary>
    void Write(string text);
}
