namespace UioInterop.Prompt.Terminal;

/// <summary>What the terminal can do.</summary>
internal static class Terminals
{
    private static string Name => Environment.GetEnvironmentVariable("TERM") ?? "";

    /// <summary>Whether the cursor can be moved.</summary>
    public static bool CanEdit => !Console.IsInputRedirected && !Console.IsOutputRedirected && Name is not ("" or "dumb");

    public static bool HasColours => Name is not ("" or "dumb" or "vt100" or "vt220");

    /// <summary>The characters of a line: 80 when that is unknown.</summary>
    public static int Width
    {
        get
        {
            try
            {
                return Console.IsOutputRedirected || Console.WindowWidth < 20 ? 80 : Console.WindowWidth;
            }
            catch (IOException)
            {
                return 80;
            }
        }
    }
}
