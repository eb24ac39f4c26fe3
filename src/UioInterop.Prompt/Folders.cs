namespace UioInterop.Prompt;

/// <summary>Where the prompt keeps things.</summary>
internal static class Folders
{
    /// <summary>What can be had again.</summary>
    public static string Cache => Made(Environment.GetEnvironmentVariable("XDG_CACHE_HOME"), ".cache");

    /// <summary>The statements that were typed.</summary>
    public static string History => Path.Combine(Made(Environment.GetEnvironmentVariable("XDG_STATE_HOME"), ".local", "state"), "history");

    /// <summary>What paths of the person's are relative to: build.sh changes the folder.</summary>
    public static string Current => Environment.GetEnvironmentVariable("STARTED_IN") ?? Environment.CurrentDirectory;

    private static string Made(string? chosen, params string[] inHome) => Directory.CreateDirectory(Path.Combine(
        chosen is { Length: > 0 } ? chosen : Path.Combine([Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), .. inHome]),
        "uiointerop", "prompt")).FullName;
}
