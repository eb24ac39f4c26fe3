namespace UioInterop.Prompt;

/// <summary>Lines that the prompt shows as they are.</summary>
public sealed class Text
{
    private readonly string _lines;

    internal Text(string lines) => _lines = lines;

    /// <summary>The lines.</summary>
    public override string ToString() => _lines;
}
