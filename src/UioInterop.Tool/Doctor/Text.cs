namespace UioInterop.Tool.Doctor;

/// <summary>Reads small files of the kernel's. A file that cannot be read counts as missing: the check that needs it says so.</summary>
internal static class Text
{
    public static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static string[] Folders(string path)
    {
        try
        {
            return [.. Directory.GetDirectories(path).Order(StringComparer.Ordinal)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
