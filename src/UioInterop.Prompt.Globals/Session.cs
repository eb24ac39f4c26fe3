namespace UioInterop.Prompt;

/// <summary>What the agent tells the statement that runs.</summary>
internal static class Session
{
    private static volatile CancellationTokenSource s_source = new();

    /// <summary>What Ctrl-C cancels.</summary>
    public static CancellationToken Token => s_source.Token;

    /// <summary>How many characters a line of the terminal has.</summary>
    public static int Width { get; private set; } = 80;

    /// <summary>A statement begins.</summary>
    public static void Begin(CancellationTokenSource source, int width)
    {
        s_source = source;
        Width = width;
    }
}
