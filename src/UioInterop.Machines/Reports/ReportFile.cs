namespace UioInterop.Machines.Reports;

/// <summary>A report that was asked for: --report KIND=FILE.</summary>
internal sealed record ReportFile(string Kind, string File)
{
    private static readonly string[] s_kinds = ["junit", "summary"];

    /// <param name="text">What was typed.</param>
    /// <param name="place">Where a relative path is; from the current folder, when it is null.</param>
    public static ReportFile Parse(string text, Func<string, string>? place = null)
    {
        var parts = text.Split('=', 2);
        return parts.Length == 2 && parts[1].Length > 0 && s_kinds.Contains(parts[0])
            ? new ReportFile(parts[0], (place ?? Path.GetFullPath)(parts[1]))
            : throw new MachineException($"--report {text} is no report: it is junit=FILE or summary=FILE.");
    }

    /// <summary>Writes it. A summary is appended: several steps of a CI job share one page.</summary>
    public void Write(IReadOnlyList<TestEntry> entries)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(File)!);
            if (Kind == "junit")
                JUnitReport.Of(entries).Save(File);
            else
                System.IO.File.AppendAllText(File, SummaryReport.Of(entries));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new MachineException($"The report {File} cannot be written: {error.Message}");
        }
    }
}
